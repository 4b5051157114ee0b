"""Accounts, devices, sessions and pairing codes, as stored. Tokens and passwords lie here only as hashes."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Account(SQLModel, table=True):
    """A member of staff who can sign in. `branch` None: the whole organisation."""

    __tablename__ = "account"

    username: str = Field(primary_key=True, max_length=64)
    name: str
    role: str
    password_hash: str
    branch: str | None = Field(default=None, index=True)
    is_active: bool = True


class Device(SQLModel, table=True):
    """A dispenser, display, printer, satisfaction device or integration. `printer` is the printer device beside a
    dispenser, `screen` which one of the configuration's screens a display is, `counter` where a satisfaction device
    stands."""

    __tablename__ = "device"

    id: str = Field(primary_key=True, max_length=40)
    kind: str
    name: str
    token_hash: str = Field(unique=True, index=True)
    branch: str | None = Field(default=None, index=True)
    printer: str | None = None
    screen: str | None = None
    counter: int | None = None
    created_at: int = Field(sa_type=BigInteger)
    revoked_at: int | None = Field(default=None, sa_type=BigInteger)


class DevicePicture(SQLModel, table=True):
    """What a lobby screen shows, when somebody has asked for it: `picture` is a JPEG of `taken_at`, not there while it
    is waited for. Instants are seconds since the epoch."""

    __tablename__ = "device_picture"

    device_id: str = Field(primary_key=True, max_length=40)
    asked_at: int = Field(sa_type=BigInteger)
    taken_at: int | None = Field(default=None, sa_type=BigInteger)
    picture: bytes | None = None


class Session(SQLModel, table=True):
    """A browser that has signed in, as an account or as a device. Instants are seconds since the epoch."""

    __tablename__ = "session"

    token_hash: str = Field(primary_key=True)
    account: str | None = Field(default=None, index=True)
    device: str | None = Field(default=None, index=True)
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)


class Pairing(SQLModel, table=True):
    """A device that shows a code and waits for somebody with the right to confirm it."""

    __tablename__ = "pairing"

    code: str = Field(primary_key=True, max_length=6)
    secret_hash: str
    kind: str
    created_at: int = Field(sa_type=BigInteger)
    device: str | None = None
    token: str | None = None


class Secret(SQLModel, table=True):
    """Keys of this installation, such as the one that signs ticket tokens."""

    __tablename__ = "secret"

    name: str = Field(primary_key=True)
    value: bytes


class Revision(SQLModel, table=True):
    """How often something that processes keep in memory was changed: "access" for who may do what."""

    __tablename__ = "revision"

    name: str = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)
