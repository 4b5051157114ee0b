"""Lấy Số: the queue server of public service centres."""

__version__ = "0.1.0"
