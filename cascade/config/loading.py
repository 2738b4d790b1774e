"""Configuration loader: cascade.yaml → Config → Cascade; checks everything on reading, with file, line and key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import ValidationError

from cascade.config.document import Document, Place, read_document
from cascade.config.environment import is_secret
from cascade.config.errors import config_error
from cascade.config.limiting import limits_of, observe_limits_of, settings_of
from cascade.config.models import (
    ConfigModel,
    EndpointModel,
    ErrorWordingModel,
    LogModel,
    PriceModel,
    RungModel,
    TaskModel,
)
from cascade.config.options import prepared, price_of
from cascade.dialects.error_wordings import ErrorWording
from cascade.endpoint import Endpoint
from cascade.errors import CascadeError, ConfigError
from cascade.exchange import EMPTY
from cascade.failure import FailureKind
from cascade.files import read_text, strict_json
from cascade.guards.limits import Limits
from cascade.ladder import Ladder, Rung
from cascade.log.address import SQLITE, address_of, has_password
from cascade.log.label_queue import LabelQueue
from cascade.plugins import resolve, verifier
from cascade.policy.policy import Policy
from cascade.prices import PriceBook
from cascade.settings import ObserveLimits, ServeSettings, Settings
from cascade.usage import Price
from cascade.verdict import Verifier

if TYPE_CHECKING:
    from cascade.clients import Client
    from cascade.engine.cascade import Cascade
    from cascade.log import Log, StoreText

Made = TypeVar("Made")
_SCHEMA_LIMIT = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Loaded and checked configuration; `open()` builds a Cascade."""

    path: Path
    """The file."""

    ladder: Ladder
    """The rungs with their verifiers, and the ladders of tasks."""

    settings: Settings = field(default_factory=Settings)
    """Default settings of requests."""

    limits: Limits = field(default_factory=Limits)
    """Limits across all requests: daily budgets, escalation cap, breaker, retry budget, rate limits."""

    observe: ObserveLimits = field(default_factory=ObserveLimits)
    """Limits of the background lane."""

    serve: ServeSettings = field(default_factory=ServeSettings)
    """How `cascade serve` answers."""

    tasks: Mapping[str, Settings] = EMPTY
    """Settings by task."""

    targets: Mapping[str, Mapping[str, Any]] = EMPTY
    """Calibration targets by task: figures by kind (escalation_rate, max_loss, …)."""

    prices: Mapping[str, Price] = EMPTY
    """Prices by model."""

    error_wordings: tuple[ErrorWording, ...] = ()
    """What errors of providers mean, before the table."""

    policy: Path | None = None
    """The policy file; None if absent."""

    log: Path | str | None = field(default=None, repr=False)
    """The decision log: an SQLite file, or a PostgreSQL address, which may hold a password; None if absent."""

    receipts: bool = False
    """Whether the log writes receipts."""

    spool: Path | None = None
    """Spool for rows while PostgreSQL is down; None for the default."""

    log_on_outage: Literal["spool", "refuse"] = "spool"
    """What is done while the log cannot be written."""

    store_text: StoreText = "none"
    """How the log stores prompts and answers."""

    label_queue: LabelQueue | None = None
    """Which texts `store_text: label-queue` keeps, and for how long; None for the defaults."""

    strict: bool = False
    """Whether warnings about the ladder are errors."""

    @property
    def price_book(self) -> PriceBook:
        """Price book: the configured prices before the price table."""
        return PriceBook(self.prices)

    def abstains(self, task: str) -> bool:
        """Return whether a task gives no answer where the last rung's was vetoed (`on_exhausted: abstain`)."""
        return self.tasks.get(task, self.settings).on_exhausted == "abstain"

    def open(
        self,
        *,
        client: Client | None = None,
        policy: Policy | Path | Literal[False] | None = None,
        log: Log | Path | str | Literal[False] | None = None,
    ) -> Cascade:
        """Build and open the configured Cascade.

        Args:
            client: the client for model calls; None for litellm.
            policy: replaces the configured policy; False for no policy.
            log: replaces the configured log; False for no log.

        Raises:
            ConfigError: policy, log or a price cannot be used; the message names the file.
        """
        from cascade.engine.cascade import Cascade  # slow; `cascade schema` and `doctor` do not need it

        chosen_policy = None if policy is False else policy or self.policy
        chosen_log = None if log is False else log or self.log
        try:
            return Cascade(
                self.ladder, policy=chosen_policy, log=chosen_log, client=client, settings=self.settings,
                tasks=self.tasks, prices=self.price_book, limits=self.limits,
                observe=self.observe, error_wordings=self.error_wordings, store_text=self.store_text,
                label_queue=self.label_queue, receipts=self.receipts, spool=self.spool,
                log_on_outage=self.log_on_outage, strict=self.strict,
            )  # fmt: skip
        except ConfigError as error:
            if str(self.path) in str(error):
                raise
            raise type(error)(f"{self.path}: {error}") from None


def load_config(path: str | Path) -> Config:
    """Load a configuration file; no log is opened and no model is called.

    Raises:
        ConfigError: it is invalid; the message names file, line and key, and what to do.
    """
    document = read_document(Path(path))
    if document.value is None:
        raise document.error((), "it is empty; a ladder was expected. `cascade init` writes an example.")
    _refuse_secrets(document)
    try:
        shape = ConfigModel.model_validate(document.value)
    except ValidationError as error:
        raise config_error(error, document, ConfigModel) from None
    return _Build(document, shape).config()


def _refuse_secrets(document: Document) -> None:
    for place, written in document.written.items():
        key = next((part for part in reversed(place) if isinstance(part, str)), "")
        if is_secret(key, written):
            problem = (
                "found what looks like a secret; secrets come from the environment only: "
                f"set a variable and write {key or 'it'}: ${{THE_VARIABLE}}."
            )
            raise document.error(place, problem)


class _Build:
    """Builder of a Config; each error names file, line and key."""

    def __init__(self, document: Document, shape: ConfigModel) -> None:
        self.document = document
        self.shape = shape
        self.folder = document.path.parent

    def config(self) -> Config:
        shape = self.shape
        rungs = tuple(self._rung(i, rung) for i, rung in enumerate(shape.ladder))
        names = [rung.name for rung in rungs]
        for i, name in enumerate(names):
            if name in names[:i]:
                problem = f"duplicate rung name {name!r} in the ladder; give each rung its own `name`."
                raise self.document.error(("ladder", i), problem)
        own = {
            name: self._task_rungs(name, task, rungs)
            for name, task in shape.tasks.items()
            if task.rungs is not None or task.verify is not None
        }
        default = self._stack(shape.verify, ("verify",))
        ladder = self._placed(("ladder",), lambda: resolve(Ladder(*rungs, tasks=own), default))
        self._refuse_password(("guards", "shared"))
        settings = settings_of(shape.guards, shape.sessions, Settings())
        modes = {name: value for name in ("mode", "share") if (value := getattr(shape, name)) is not None}
        settings = replace(settings, **modes)
        places: list[tuple[Place, Settings]] = [(("mode" if shape.mode else "share",), settings)]
        places += [(("tasks", name), settings_of(task, task.sessions, settings)) for name, task in shape.tasks.items()]
        unkept = next((place for place, one in places if one.observes and shape.log is None), None)
        if unkept is not None:
            problem = "it observes, and what is observed is kept in the log; set `log:`."
            raise self.document.error(unkept, problem)
        return Config(
            path=self.document.path,
            ladder=ladder,
            settings=settings,
            limits=self._placed(("guards",), partial(limits_of, shape.guards, shape.providers)),
            observe=self._placed(("observe",), partial(observe_limits_of, shape.observe)),
            serve=ServeSettings(**shape.serve.model_dump()),
            tasks={name: self._task(name, task, settings) for name, task in shape.tasks.items()},
            targets={
                name: task.target.model_dump(exclude_none=True)
                for name, task in shape.tasks.items()
                if task.target is not None
            },
            prices={model: self._price(("prices", model), price) for model, price in shape.prices.items()},
            error_wordings=tuple(self._error_wording(("errors", i), row) for i, row in enumerate(shape.errors)),
            policy=None if shape.policy is None else self.folder / shape.policy,
            **self._log(shape.log),
            store_text=shape.store_text,
            label_queue=self._label_queue(shape),
        )

    def _label_queue(self, shape: ConfigModel) -> LabelQueue | None:
        if shape.label_queue is None:
            return None
        if shape.store_text != "label-queue":
            problem = f"found it beside store_text: {shape.store_text}; store_text: label-queue was expected."
            raise self.document.error(("label_queue",), problem)
        return LabelQueue(**shape.label_queue.model_dump())

    def _log(self, said: str | LogModel | None) -> dict[str, Any]:
        if said is None:
            return {}
        shape = LogModel(path=said) if isinstance(said, str) else said
        place: Place = ("log",) if isinstance(said, str) else ("log", "path")
        scheme, separator, _ = shape.path.partition("://")
        spool = None if shape.spool is None else self.folder / shape.spool
        options = {"receipts": shape.receipts, "spool": spool, "log_on_outage": shape.on_outage}
        if not separator or scheme in SQLITE:
            path = self.folder / (shape.path.removeprefix(f"{scheme}:///") if separator else shape.path)
            return {"log": path, **options}
        self._refuse_password(place)
        self._placed(place, partial(address_of, shape.path))
        return {"log": str(shape.path), **options}

    def _refuse_password(self, place: Place) -> None:
        written = self.document.written.get(place, "")
        if "${" not in written and has_password(written):
            problem = "found a password; write ${THE_VARIABLE} in its place, and set that environment variable."
            raise self.document.error(place, problem)

    def _rung(self, i: int, rung: RungModel) -> Rung:
        place: Place = ("ladder", i)
        price = None if rung.price is None else self._price((*place, "price"), rung.price)
        verify = self._stack(rung.verify, (*place, "verify"))
        endpoints = tuple(
            self._endpoint((*place, "endpoints", j), endpoint) for j, endpoint in enumerate(rung.endpoints or ())
        )
        return self._placed(
            place,
            lambda: Rung(
                str(rung.model), name=str(rung.name or ""), verify=verify, params=rung.params, api_base=rung.api_base,
                api_key=rung.api_key, timeout_s=rung.timeout_s, price=price, context_window=rung.context_window,
                client=rung.client, can={str(name): able for name, able in rung.can.items()},
                allow={tag: tuple(values) for tag, values in rung.allow.items()},
                rpm=rung.rpm, tpm=rung.tpm, endpoints=endpoints, balance=rung.balance, native_schema=rung.native_schema,
                template=rung.template, repair=rung.repair,
            ),
        )  # fmt: skip

    def _error_wording(self, place: Place, row: ErrorWordingModel) -> ErrorWording:
        lists = {name: tuple(getattr(row, name)) for name in ("codes", "words", "statuses")}
        return self._placed(place, lambda: ErrorWording(kind=FailureKind(row.kind), source="configured", **lists))

    def _endpoint(self, place: Place, endpoint: EndpointModel) -> Endpoint:
        price = None if endpoint.price is None else self._price((*place, "price"), endpoint.price)
        said = endpoint.model_dump(exclude={"price", "name"})
        return self._placed(place, lambda: Endpoint(**said, name=str(endpoint.name or ""), price=price))

    def _task_rungs(self, name: str, task: TaskModel, rungs: Sequence[Rung]) -> tuple[Rung, ...]:
        by_name = {rung.name: rung for rung in rungs}
        stack = self._stack(task.verify, ("tasks", name, "verify"))
        chosen: list[Rung] = []
        for i, entry in enumerate(task.rungs if task.rungs is not None else by_name):
            place: Place = ("tasks", name, "rungs", i)
            called = entry if isinstance(entry, str) else entry.name
            if called not in by_name:
                problem = f"the ladder has no rung {called!r}; it has {', '.join(by_name)}."
                raise self.document.error(place, problem)
            if called in [rung.name for rung in chosen]:
                raise self.document.error(place, f"duplicate rung {called!r}; name each rung once.")
            rung = by_name[called] if stack is None else replace(by_name[called], verify=stack)
            if not isinstance(entry, str) and entry.verify is not None:
                rung = replace(rung, verify=self._stack(entry.verify, (*place, "verify")))
            chosen.append(rung)
        order = [rung for rung in rungs if rung.name in [one.name for one in chosen]]
        if [rung.name for rung in order] != [rung.name for rung in chosen]:
            right = ", ".join(rung.name for rung in order)
            raise self.document.error(("tasks", name, "rungs"), f"they are not in the ladder's order; write [{right}].")
        return tuple(chosen)

    def _stack(self, specs: Sequence[Any] | None, place: Place) -> tuple[Any, ...] | None:
        if specs is None:
            return None
        return tuple(self._placed((*place, i), partial(self._verifier, spec)) for i, spec in enumerate(specs))

    def _verifier(self, spec: Any) -> Verifier:
        return verifier(prepared(spec, self.folder))

    def _price(self, place: Place, price: PriceModel) -> Price:
        return self._placed(place, partial(price_of, price))

    def _task(self, name: str, task: TaskModel, settings: Settings) -> Settings:
        schema: Any = task.json_schema
        if isinstance(schema, str):
            schema = self._schema_file(schema, ("tasks", name, "schema"))
        own = replace(settings_of(task, task.sessions, settings), schema=schema)
        return own if task.answer is None else replace(own, answer_field=task.answer)

    def _schema_file(self, name: str, place: Place) -> Mapping[str, Any]:
        path = self.folder / name
        try:
            schema = strict_json(read_text(path, what="schema", limit=_SCHEMA_LIMIT))
        except (ValueError, RecursionError) as error:
            raise self.document.error(place, f"{path} is not JSON: {error}.") from None
        except ConfigError as error:
            raise self.document.error(place, str(error)) from None
        if not isinstance(schema, dict):
            raise self.document.error(place, f"{path} is not a JSON object; a JSON Schema was expected.")
        return schema

    def _placed(self, place: Place, make: Callable[[], Made]) -> Made:
        try:
            return make()
        except CascadeError as error:
            raise self.document.error(place, str(error)) from None
