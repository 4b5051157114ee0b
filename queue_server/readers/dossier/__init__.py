"""Wait times for the dossier backend: one record a ticket that is final, one a day that proves completeness."""
