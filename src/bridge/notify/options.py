"""What the settings say about each kind of channel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bridge.secret_files import first_line, misplaced

STRICT = ConfigDict(extra="forbid", frozen=True)


class ChannelOptions(BaseModel):
    """What every channel has. `per_minute` is how many messages it is sent at most, `mentions` people's ids there.

    `longest` is how many bytes of UTF-8 a message holds, 0 where that does not matter.
    """

    model_config = STRICT
    longest: ClassVar[int] = 0

    language: str = ""
    per_minute: float = Field(20, gt=0, le=6000)
    timeout: float = Field(15, gt=0, le=120)
    mentions: dict[str, str] = Field(default_factory=dict)

    @property
    def personal(self) -> bool:
        """Whether it has an address for each person."""
        return False

    def secret(self, name: str, where: str, *, needed: bool = False) -> str:
        """A secret that is given here or as the first line of the file `<name>_file`; empty when it is not.

        Raises ConfigurationError, which shows no secret, for one that is needed and not there, or unreadable.
        """
        given, file = getattr(self, name), getattr(self, f"{name}_file")
        if given is not None and file is not None:
            raise misplaced(where, f"give {name} or {name}_file, not both", "remove one of them")
        text = given.get_secret_value() if given is not None else first_line(file, where) if file else ""
        if needed and not text.strip():
            variable = f"BRIDGE_{where.replace('.', '__').replace('-', '_').upper()}__{name.upper()}"
            raise misplaced(where, f"“{name}” is missing", f"set {name}_file, or {variable} in the environment")
        return text.strip()

    def check(self, where: str) -> None:
        """Raises ConfigurationError when something that the channel needs is missing or unreadable."""


class WebAddress(ChannelOptions):
    """A channel that is an address with a key in it: the whole of it is a secret."""

    url: SecretStr | None = None
    url_file: Path | None = None

    def address(self, where: str) -> str:
        """The address. Raises ConfigurationError, which does not show it."""
        found = self.secret("url", where, needed=True)
        try:
            parts = urlsplit(found)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable:
            raise misplaced(where, "“url” is no web address", "right would be https://… as the service shows it")
        return found

    def check(self, where: str) -> None:
        """See ChannelOptions."""
        self.address(where)


class Signed(WebAddress):
    """One whose messages may be signed with a second secret."""

    secret_key: SecretStr | None = None
    secret_key_file: Path | None = None

    def key(self, where: str, *, needed: bool = False) -> str:
        """The key to sign with, empty for none. Raises ConfigurationError."""
        return self.secret("secret_key", where, needed=needed)

    def check(self, where: str) -> None:
        """See ChannelOptions."""
        super().check(where)
        self.key(where)


class EmailOptions(ChannelOptions):
    """Mail by SMTP; `ca_file` are certificates to trust instead of the system's."""

    kind: Literal["email"]
    host: str = Field(min_length=1)
    port: int = Field(587, ge=1, le=65_535)
    security: Literal["starttls", "ssl", "none"] = "starttls"
    login: str = ""
    password: SecretStr | None = None
    password_file: Path | None = None
    sender: str = Field(min_length=3, pattern=r"^[^\s@<>]+@[^\s@<>]+$")
    ca_file: Path | None = None
    per_minute: float = Field(60, gt=0, le=6000)

    @property
    def personal(self) -> bool:
        """See ChannelOptions."""
        return True

    def check(self, where: str) -> None:
        """See ChannelOptions."""
        self.secret("password", where, needed=bool(self.login))


class WecomOptions(WebAddress):
    """A group robot of WeCom (企业微信); `mentions` are user ids."""

    kind: Literal["wecom"]
    longest: ClassVar[int] = 2048


class DingtalkOptions(Signed):
    """A custom robot of DingTalk (钉钉); `secret_key` is its 加签 secret, `mentions` are mobile numbers."""

    kind: Literal["dingtalk"]
    longest: ClassVar[int] = 15_000


class FeishuOptions(Signed):
    """A custom bot of Feishu (飞书) or Lark; `secret_key` is its 签名校验 secret, `mentions` are open ids (ou_…)."""

    kind: Literal["feishu"]
    longest: ClassVar[int] = 15_000
    per_minute: float = Field(100, gt=0, le=6000)


class WebhookOptions(Signed):
    """JSON to an address of your own, signed with `secret_key` (needed)."""

    kind: Literal["webhook"]
    per_minute: float = Field(600, gt=0, le=6000)

    def check(self, where: str) -> None:
        """See ChannelOptions."""
        self.address(where)
        self.key(where, needed=True)


class AppriseOptions(WebAddress):
    """Any other service, by an address as Apprise writes it (slack://…); needs the extra `notify`."""

    kind: Literal["apprise"]

    def address(self, where: str) -> str:
        """See WebAddress; the scheme is Apprise's own."""
        found = self.secret("url", where, needed=True)
        scheme = found.partition("://")[0].lower()
        if scheme in WRONG_IN_APPRISE:
            raise misplaced(where, f"Apprise does not notice when {scheme} refuses a message", WRONG_IN_APPRISE[scheme])
        return found


WRONG_IN_APPRISE: Mapping[str, str] = {
    "wecombot": "use kind: wecom",
    "dingtalk": "use kind: dingtalk",
    "feishu": "use kind: feishu",
    "lark": "use kind: feishu with Lark's address",
}
"""These answer errors inside HTTP 200, of which Apprise 2.2.0 only reads the status."""

AnyChannel = Annotated[
    EmailOptions | WecomOptions | DingtalkOptions | FeishuOptions | WebhookOptions | AppriseOptions,
    Field(discriminator="kind"),
]
