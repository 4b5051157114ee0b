"""From a load run's figures to one page with tables and plots."""
