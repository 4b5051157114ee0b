"""Accounts, postings, devices, sessions and pairing codes, as stored. Tokens and passwords lie here only as hashes."""

from __future__ import annotations

from sqlalchemy import BigInteger, false
from sqlmodel import Field, SQLModel


class Account(SQLModel, table=True):
    """A member of staff who can sign in. `role` and `branch` are the standing appointment: "" is none, `branch` None
    the whole organisation. `employer_kind` is "state", "post" or "company". The second factor's secret lies encrypted;
    `otp_since` is when it was confirmed, `otp_step` the last step of time whose code was used."""

    __tablename__ = "account"

    username: str = Field(primary_key=True, max_length=64)
    name: str
    role: str
    password_hash: str
    branch: str | None = Field(default=None, index=True)
    is_active: bool = True
    employer_kind: str = Field(default="state", sa_column_kwargs={"server_default": "state"})
    employer: str = Field(default="", sa_column_kwargs={"server_default": ""})
    must_change: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    otp_secret: bytes | None = None
    otp_since: int | None = Field(default=None, sa_type=BigInteger)
    otp_step: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


class PostingRow(SQLModel, table=True):
    """Somebody's work at a branch from one service day to another, both included (ISO dates). `agency` is one of the
    branch's, or ""; `substitutes` the account whom this one stands in for. Once ended it gives no rights."""

    __tablename__ = "posting"

    id: str = Field(primary_key=True, max_length=40)
    account: str = Field(index=True, max_length=64)
    branch: str = Field(index=True)
    role: str
    agency: str
    first_day: str
    last_day: str
    substitutes: str | None = Field(default=None, max_length=64)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)


class RecoveryCode(SQLModel, table=True):
    """Opens an account once instead of its second factor."""

    __tablename__ = "recovery_code"

    account: str = Field(primary_key=True, max_length=64)
    code_hash: str = Field(primary_key=True)


class Device(SQLModel, table=True):
    """A dispenser, display, printer, satisfaction device or integration. `printer` is the printer device beside a
    dispenser, `screen` which one of the configuration's screens a display is, `counter` where a satisfaction device
    stands. After its token was changed the former one is good until `former_until`, or until the new one is used.
    `used_on` is the last day of use, by UTC."""

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
    former_hash: str | None = Field(default=None, index=True)
    former_until: int | None = Field(default=None, sa_type=BigInteger)
    used_on: str | None = None


class DevicePicture(SQLModel, table=True):
    """What a lobby screen shows, when somebody has asked for it: `picture` is a JPEG of `taken_at`, not there while it
    is waited for. Instants are seconds since the epoch."""

    __tablename__ = "device_picture"

    device_id: str = Field(primary_key=True, max_length=40)
    asked_at: int = Field(sa_type=BigInteger)
    taken_at: int | None = Field(default=None, sa_type=BigInteger)
    picture: bytes | None = None


class Session(SQLModel, table=True):
    """A browser that has signed in, as an account or as a device. Instants are seconds since the epoch; `browser` is
    its name as a person reads it, `used_at` when somebody last did something with it, to a few minutes."""

    __tablename__ = "session"

    token_hash: str = Field(primary_key=True)
    account: str | None = Field(default=None, index=True)
    device: str | None = Field(default=None, index=True)
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)
    browser: str = Field(default="", sa_column_kwargs={"server_default": ""})
    used_at: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})


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
