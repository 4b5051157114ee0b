"""Durable reader that turns issued tickets into printed papers.

The server draws the whole ticket as a 1-bit picture, so that the preview in a browser and the paper in the hand are the
same dots, and no printer's code pages can spoil a Vietnamese name. The agent beside the printer knows pictures only.
"""
