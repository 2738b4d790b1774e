"""cascade.yaml: what it can say, and how it tells what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import cascade
from cascade import (
    ConfigError,
    Ladder,
    Price,
    Rung,
    ScriptedClient,
    UnknownPrice,
)
from cascade.config import close_default, default, load_config
from cascade.config.document import parse_document, plain
from cascade.config.environment import is_secret

GOOD = """\
ladder:
  - model: embedded/small
    name: small
    params: {temperature: 0}
    price: {input_per_mtok: 0.1, output_usd: 4e-7}
  - model: embedded/large
    name: large
    verify: [schema]
verify: [refusal, hedging]
tasks:
  orders:
    rungs: [small, {name: large, verify: [logprob]}]
    schema: {type: object}
    target: {escalation_rate: 0.25}
    on_deadline: best
guards: {deadline_s: 8, max_cost_usd: 0.05}
log: decisions.db
"""


@pytest.fixture
def write(tmp_path):
    """Write a configuration and return its path."""

    def written(text: str) -> Path:
        path = tmp_path / "cascade.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def complaint(work: Callable[[], object], path: object = "any.yaml") -> str:
    """Return what a ConfigError says; anything else that is raised goes on."""
    try:
        work()
    except ConfigError as error:
        return str(error)
    return f"{path}, line 0: no complaint"


def names(ladder: Ladder) -> dict[str, list[str]]:
    return {rung.name: [verifier.name for verifier in rung.verifiers] for rung in ladder}


def test_every_part_arrives_where_it_belongs(write, tmp_path):
    config = load_config(write(GOOD))
    assert names(config.ladder) == {"small": ["refusal", "hedging"], "large": ["schema"]}
    assert names(config.ladder.of("orders")) == {"small": ["refusal", "hedging"], "large": ["logprob"]}
    assert config.ladder.rung("small").price == Price(input_usd=0.1 / 1e6, output_usd=4e-7)
    assert config.targets == {"orders": {"escalation_rate": 0.25}}
    assert (config.settings.deadline_s, config.settings.on_deadline) == (8.0, "raise")
    assert config.tasks["orders"].on_deadline == "best"
    assert config.tasks["orders"].max_cost_usd == 0.05
    assert config.log == tmp_path / "decisions.db"


@pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
def test_a_configuration_answers_requests(write):
    with load_config(write(GOOD)).open(client=ScriptedClient({"small": "Lyon."}), log=False) as app:
        assert app.run("Where to?").answer == "Lyon."


def test_a_schema_may_stand_in_a_file(write, tmp_path):
    (tmp_path / "order.json").write_text('{"type": "array"}')
    config = load_config(write(GOOD.replace("{type: object}", "order.json")))
    assert config.tasks["orders"].schema == {"type": "array"}


def test_a_verifier_s_options_may_name_a_price_a_rubric_file_and_a_function(write, tmp_path):
    (tmp_path / "rubric.md").write_text("Is it polite?")
    (tmp_path / "my_own_checks.py").write_text("def polite(exchange):\n    return 'please' in exchange.response.text\n")
    text = """\
ladder:
  - model: embedded/small
    verify:
      - judge: {model: m/judge, rubric: rubric.md, price: {input_per_mtok: 1, output_per_mtok: 2}}
      - check: {function: "my_own_checks:polite"}
"""
    judge, check = load_config(write(text)).ladder.top.verify
    assert (judge.rubric, judge.price.output_usd) == ("Is it polite?", 2e-6)
    assert check.function.__name__ == "polite"


BROKEN = [
    ("ladder:\n  - model: x\n    verify: [{check: {function: nope}}]\n", 3, "ladder[0].verify[0]", "module:function"),
    ("ladder:\n  - model: x\n    verify: [{check: {function: 'no.such:f'}}]\n", 3, "ladder[0].verify[0]", "loaded"),
    (
        "ladder:\n  - model: x\n    verify: [{judge: {model: y, price: {input: 1}}}]\n",
        3,
        "ladder[0].verify[0]",
        "price",
    ),
    ("ladder:\n  - modle: x\n", 2, "ladder[0].modle", "did you mean 'model'"),
    ("ladder:\n  - model: x\n    price: {input_per_mtk: 3}\n", 3, "ladder[0].price.input_per_mtk", "input_per_mtok"),
    ("ladder:\n  - model: x\n    timeout_s: soon\n", 3, "ladder[0].timeout_s", "number"),
    ("ladder:\n  - model: x\n    timeout_s: -1\n", 3, "ladder[0].timeout_s", "above 0"),
    ("ladder:\n  - model: x\n    timeout_s: true\n", 3, "ladder[0].timeout_s", "number"),
    ("ladder:\n  - model: x\n    timeout_s: 0123\n", 3, "ladder[0].timeout_s", "plain decimal"),
    ("ladder:\n  - model: x\n    timeout_s: .nan\n", 3, "ladder[0].timeout_s", "number"),
    ("ladder:\n  - model: 4.10\n", 2, "ladder[0].model", "quote"),
    ("ladder:\n  - model: x\n    model: y\n", 3, "ladder[0].model", "duplicate key"),
    ("ladder:\n  - model: x\n    api_key: ${NOT_SET}\n", 3, "ladder[0].api_key", "NOT_SET"),
    ("ladder:\n  - model: x\n    api_key: ${NOT SET}\n", 3, "ladder[0].api_key", "${NAME}"),
    ("ladder:\n  - model: x\n    params: &p {a: *p}\n", 3, "ladder[0].params", "aliases"),
    ("ladder: !!python/object/apply:os.system [ls]\n", 1, "ladder", "tag"),
    ("ladder:\n  - model: x\n    verify: [schem]\n", 3, "ladder[0].verify[0]", "registered are"),
    ("ladder:\n  - model: x\n    verify: [{judge: {}}]\n", 3, "ladder[0].verify[0]", "options"),
    ("ladder:\n  - model: x\n    verify: schema\n", 3, "ladder[0].verify", "a list"),
    ("ladder:\n  - model: x\n  - model: x\n", 3, "ladder[1]", "duplicate rung"),
    ("ladder:\n  - model: x\ntasks:\n  t: {rungs: [y]}\n", 4, "tasks.t.rungs[0]", "it has x"),
    ("ladder:\n  - model: x\n  - model: y\ntasks:\n  t: {rungs: [y, x]}\n", 5, "tasks.t.rungs", "order"),
    ("ladder:\n  - model: x\ntasks:\n  ../t: {}\n", 4, "tasks.../t", "name"),
    ("ladder:\n  - model: x\ntasks:\n  t: {target: {escalation_rate: 2}}\n", 4, "tasks.t.target", "at most 1"),
    ("ladder:\n  - model: x\ntasks:\n  t: {schema: absent.json}\n", 4, "tasks.t.schema", "absent.json"),
    ("ladder:\n  - model: x\n    price: {input_per_mtok: 1}\n", 3, "ladder[0].price", "output_per_mtok"),
    (
        "ladder:\n  - model: x\n    price: {input_per_mtok: 1, input_usd: 1, output_usd: 1}\n",
        3,
        "ladder[0].price",
        "once",
    ),
    ("ladder: []\n", 1, "ladder", "at least one"),
    ("policy: p.json\n", 1, "ladder", "missing"),
    ("ladder:\n  - model: x\nstore_text: all\n", 3, "store_text", "none, redacted, full or label-queue"),
    ("ladder:\n  - model: x\nserving: {}\n", 3, "serving", "unknown key"),
    ("ladder:\n  - model: x\nlog: mysql://host/db\n", 3, "log", "postgresql://"),
    (
        "ladder:\n  - model: x\nlog: postgresql://me:hidden@host/db\n",
        3,
        "log",
        "write ${THE_VARIABLE} in its place",
    ),
    (
        "ladder:\n  - model: x\nguards:\n  shared: redis://:hidden@host:6379/0\n",
        4,
        "guards.shared",
        "write ${THE_VARIABLE} in its place",
    ),
    ("ladder:\n  - model: x\nlog:\n  path: postgresql://host/db?password=hidden\n", 4, "log.path", "password"),
    ("ladder:\n  - model: x\nlog:\n  path: a.db\n  recepts: true\n", 5, "log.recepts", "receipts"),
    ("- model: x\n", 1, "", "a mapping"),
    ("ladder:\n\t- model: x\n", 2, "", "YAML"),
    ("ladder: {a: ${HOME}}\n", 1, "", "quoted"),
]


@pytest.mark.parametrize(("text", "line", "key", "words"), BROKEN, ids=[row[0].strip()[:50] for row in BROKEN])
def test_an_error_names_file_line_and_key(write, text, line, key, words):
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}: {key}")
    assert words in message
    assert "\n" not in message


def test_an_empty_file_says_what_was_expected(write):
    with pytest.raises(ConfigError, match="empty; a ladder was expected"):
        load_config(write("# nothing\n"))


def test_aliases_cannot_multiply_into_a_bomb(write):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    with pytest.raises(ConfigError, match="more than 10,000 values"):
        load_config(write("\n".join(lines)))


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " * 60, "ladder: &a [*a]", "\x00", "x" * (2 << 20)])
def test_a_hostile_file_is_an_error_and_no_crash(write, text):
    with pytest.raises(ConfigError):
        load_config(write(text))


@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_an_error(text):
    assert complaint(lambda: parse_document(text, Path("any.yaml"))).startswith("any.yaml")


KEYS = st.sampled_from(
    ["ladder", "model", "name", "verify", "tasks", "price", "params", "rungs", "log", "guards", "zz"]
)
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-1, 1) | st.text("abc{}$:", max_size=6)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


@given(value=st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_shape_is_a_configuration_or_an_error_with_a_line(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("any") / "cascade.yaml"
    path.write_text(yaml.safe_dump(value), encoding="utf-8")
    assert complaint(lambda: load_config(path), path).startswith(f"{path}, line ")


@given(st.one_of(st.booleans(), st.none(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_json_scalars_mean_in_yaml_what_they_mean_in_json(value):
    assert plain(json.dumps(value)) == value


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "NO", "1_000", "12:30", "2026-01-31", "1.2.3"])
def test_a_word_stays_a_word(word):
    assert plain(word) == word


class TestEnvironment:
    """`${VAR}` and `${VAR:-default}`."""

    def test_a_variable_is_filled_in_and_a_default_where_it_is_missing(self, write, monkeypatch):
        monkeypatch.setenv("MY_KEY", "0123456789")
        text = "ladder:\n  - model: x\n    api_key: ${MY_KEY}\n    timeout_s: ${MY_TIMEOUT:-30}\n"
        rung = load_config(write(text)).ladder.top
        assert (rung.api_key, rung.timeout_s) == ("0123456789", 30.0)

    def test_numbers_among_provider_parameters_arrive_as_numbers(self, write, monkeypatch):
        monkeypatch.setenv("MY_TEMPERATURE", "0.2")
        text = "ladder:\n  - model: x\n    params:\n      temperature: ${MY_TEMPERATURE}\n      stop: '${MY_STOP:-5}'\n"
        assert load_config(write(text)).ladder.top.params == {"temperature": 0.2, "stop": "5"}

    def test_a_doubled_dollar_is_a_literal_one(self, write):
        text = "ladder:\n  - model: x\n    params: {stop: '$${END}'}\n"
        assert load_config(write(text)).ladder.top.params == {"stop": "${END}"}

    def test_a_wrong_value_is_shown_as_written_never_the_variable(self, write, monkeypatch):
        monkeypatch.setenv("MY_KEY", "sk-canary-0123456789abcdef")
        with pytest.raises(ConfigError) as caught:
            load_config(write("ladder:\n  - model: x\n    timeout_s: ${MY_KEY}\n"))
        assert "canary" not in str(caught.value)
        assert "${MY_KEY}" in str(caught.value)

    @pytest.mark.parametrize(
        "line",
        [
            "api_key: sk-canary-0123456789abcdef",
            "api_key: '${MY_KEY:-sk-canary-0123456789abcdef}'",
            "api_key: canary0123456789abcdef",
            "params: {extra_headers: {Authorization: Bearer canary0123456789abcdef}}",
            "params: {extra_body: {token: canary0123456789abcdef}}",
        ],
    )
    def test_a_literal_secret_is_refused_and_not_repeated(self, write, line):
        with pytest.raises(ConfigError, match=r"line 3.*secret") as caught:
            load_config(write(f"ladder:\n  - model: x\n    {line}\n"))
        assert "canary" not in str(caught.value)

    @pytest.mark.parametrize(
        ("key", "text"),
        [
            ("api_key", "none"),
            ("api_key", "EMPTY"),
            ("max_token", "1000000000000000000"),
            ("model", "openai/gpt-5-nano"),
        ],
    )
    def test_what_is_no_secret_is_left_alone(self, key, text):
        assert not is_secret(key, text)


class TestDefault:
    """The process default behind `cascade.run`."""

    @pytest.fixture(autouse=True)
    def _closed(self):
        yield
        close_default()

    def test_without_a_configuration_it_says_how_to_make_one(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ConfigError, match="cascade init"):
            cascade.run("hello")

    def test_it_is_opened_once_from_the_working_folder_or_the_variable(self, tmp_path, monkeypatch):
        (tmp_path / "cascade.yaml").write_text("ladder: [{model: embedded/small}]\n")
        (tmp_path / "other.yaml").write_text("ladder: [{model: embedded/large}]\n")
        monkeypatch.chdir(tmp_path)
        assert default() is default()
        assert default().ladder.top.model == "embedded/small"
        monkeypatch.setenv("CASCADE_CONFIG", "other.yaml")
        assert default().ladder.top.model == "embedded/large"

    @pytest.mark.filterwarnings("ignore::cascade.settings.UncalibratedWarning")
    def test_a_ladder_can_be_given_instead(self):
        ladder = Ladder(Rung("embedded/small", verify=["schema"]))
        result = cascade.run("send 3 red chairs to Lyon", ladder=ladder, schema={"type": "object"})
        assert (result.outcome, result.parsed["qty"]) == ("accepted", 3)


def test_an_unknown_price_names_the_file(write):
    path = write("ladder: [{model: nobody/nothing}]\n")
    with pytest.raises(UnknownPrice, match=f"{path}.*nobody/nothing"):
        load_config(path).open()
