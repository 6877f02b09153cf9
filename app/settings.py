"""Settings from the environment (`HUISHENG_…`), built by whoever starts a process, never at import."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024
ROOT = Path(__file__).resolve().parent.parent  # holds data/ beside the packages


class Settings(BaseSettings):
    """One process's settings; every field can be set by the variable HUISHENG_ + its upper-case name."""

    model_config = SettingsConfigDict(env_prefix="HUISHENG_", frozen=True)

    home: Path = Field(Path("var"), description="Directory of the store, the keys and the rejects of imports")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in home")
    key_file: Path = Field(Path(), description="JSON file of the encryption keys; empty: keys.json in home")
    keys: SecretStr | None = Field(None, description="Keys instead of a file: id:base64[,id:base64…], first is current")
    data_dir: Path = Field(ROOT / "data", description="Taxonomy, lexicons, samples and the shipped model")
    model_dir: Path = Field(Path(), description="Directory of the models, a folder each; empty: model in data_dir")
    model: str = Field("", pattern=r"^[\w.-]*$", description="Version of the model to use; empty: the one shipped")
    now: AwareDatetime | None = Field(None, description="Start the clock here (ISO 8601 with offset) and run on")
    host: str = Field("127.0.0.1", description="Address the service listens on")
    port: int = Field(8000, ge=1, le=65535, description="Port the service listens on")
    model_mode: Literal["", "fp32", "bf16", "int8"] = Field(
        "", description="Engine mode (fp32, bf16, int8); empty: as measured, else fp32"
    )
    torch_threads: int | None = Field(None, ge=1, le=256, description="Threads of the model; empty: torch's choice")
    max_delivery_bytes: int = Field(MIB, ge=1, description="Largest webhook body, in bytes")
    max_import_bytes: int = Field(200 * MIB, ge=1, description="Largest file to import, in bytes")
    session_hours: int = Field(12, ge=1, le=168, description="Hours until a console login ends")
    worker_batch: int = Field(32, ge=1, le=1024, description="Feedback analysed in one batch")

    @model_validator(mode="before")
    @classmethod
    def _places(cls, values: dict[str, object]) -> dict[str, object]:
        """Fill the places that follow from home and data_dir."""
        home = Path(str(values.get("home") or "var"))
        data_dir = Path(str(values.get("data_dir") or ROOT / "data"))
        values["database_url"] = values.get("database_url") or f"sqlite:///{home / 'huisheng.sqlite'}"
        values["key_file"] = values.get("key_file") or home / "keys.json"
        values["model_dir"] = values.get("model_dir") or data_dir / "model"
        return values

    def at_home(self, home: Path) -> Self:
        """The same settings with another home: its own SQLite store and its own key file."""
        database_url = f"sqlite:///{home / 'huisheng.sqlite'}"
        moved = {"home": home, "database_url": database_url, "key_file": home / "keys.json", "keys": None}
        return self.model_copy(update=moved)

    def environment(self) -> dict[str, str]:
        """The variables that give a child process these settings."""
        values = self.model_dump(mode="json", exclude_none=True) | ({"keys": self.keys} if self.keys else {})
        prefix = self.model_config.get("env_prefix", "")
        return {
            prefix + name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in values.items()
        }
