"""The launcher's own decisions: variables, port, one start per data folder."""

import ast
import re
import socket
from pathlib import Path

import launch
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("PORT=18001", {"PORT": "18001"}),
        ("export PORT=18001", {"PORT": "18001"}),
        (" NAME = a b ", {"NAME": "a b"}),
        ("URL=postgres://u:p@h/d?x=1", {"URL": "postgres://u:p@h/d?x=1"}),
        ('QUOTED="a b"', {"QUOTED": "a b"}),
        ("QUOTED='a \"b\"'", {"QUOTED": 'a "b"'}),
        ('LONE="', {"LONE": '"'}),
        ("EMPTY=", {"EMPTY": ""}),
        ("# PORT=18001", {}),
        ("", {}),
        ("no value", {}),
    ],
)
def test_env_file_line_is_read(tmp_path: Path, line: str, found: dict[str, str]) -> None:
    (tmp_path / ".env").write_text(f"{line}\n", encoding="utf-8")
    assert launch.read_env_file(tmp_path / ".env") == found


def test_missing_env_file_gives_nothing(tmp_path: Path) -> None:
    assert launch.read_env_file(tmp_path / ".env") == {}


def test_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1\nSWEEP_SECONDS=5\n", encoding="utf-8")
    env = launch.variables({"PORT": "2"}, demo=False, root=tmp_path)
    assert (env["PORT"], env["SWEEP_SECONDS"]) == ("2", "5")


@pytest.mark.parametrize(
    ("demo", "fixed"),
    [
        (True, {"DEMO": "1", "BIND": "127.0.0.1", "HTTPS": "0"}),
        (False, {"DEMO": "0", "BIND": "0.0.0.0", "HTTPS": "1"}),
    ],
)
def test_demo_answers_to_this_machine_only_whatever_the_environment_says(
    tmp_path: Path, demo: bool, fixed: dict[str, str]
) -> None:
    given = {"DEMO": "0" if demo else "1", "BIND": "0.0.0.0", "HTTPS": "1"}
    env = launch.variables(given, demo=demo, root=tmp_path)
    assert {name: env[name] for name in fixed} == fixed


def test_data_folder_is_made_absolute_so_that_every_process_means_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert launch.variables({"VAR_DIR": "kept"}, demo=False, root=ROOT)["VAR_DIR"] == str(tmp_path / "kept")
    assert launch.variables({}, demo=False, root=tmp_path)["VAR_DIR"] == str(tmp_path / "var")


def test_taken_port_is_passed_over_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        chosen = launch.choose_port(str(port))
    assert port < chosen <= port + 20
    assert capsys.readouterr().out == f"端口 {port} 已被占用，改用 {chosen}。\n"


def test_free_port_is_taken_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    assert launch.choose_port(str(port)) == port
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("wanted", ["", "0", "65536", "-1", "http", "80 80"])
def test_port_that_is_no_port_is_refused_with_a_sentence(wanted: str) -> None:
    with pytest.raises(launch.CannotStart, match="不是端口号"):
        launch.choose_port(wanted)


def test_no_free_port_among_twenty_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    monkeypatch.setattr(launch, "is_free", lambda port: tried.append(port))
    with pytest.raises(launch.CannotStart, match="端口 18000 到 18020 都被占用"):
        launch.choose_port("18000")
    assert tried == list(range(18000, 18021))


def test_data_folder_is_held_by_one_start_at_a_time(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    with launch.hold(var_dir):
        with pytest.raises(launch.CannotStart, match="已经在运行"):
            launch.hold(var_dir)
        assert var_dir.stat().st_mode & 0o777 == 0o700
    launch.hold(var_dir).close()


def test_procfile_lines_begin_with_exec_and_name_only_variables_the_launcher_sets(tmp_path: Path) -> None:
    lines = [line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()]
    assert [name for name, _ in lines] == ["web", "worker", "beat"]
    # honcho watches the shell otherwise: shell killed, process left alone, nobody notices.
    assert [command for _, command in lines if not command.startswith("exec ")] == []
    named = {name for _, command in lines for name in re.findall(r"\$\{?([A-Z_]+)\}?", command)}
    defaulted = {name for _, command in lines for name in re.findall(r"\$\{([A-Z_]+):-", command)}
    assert named - defaulted - launch.variables({}, demo=False, root=tmp_path).keys() == {"PORT"}


def test_every_variable_of_the_settings_stands_in_the_example_file() -> None:
    calls = list(ast.walk(ast.parse((ROOT / "config/settings.py").read_text(encoding="utf-8"))))
    read = {
        node.args[0].value
        for node in calls
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and isinstance(node.args[0], ast.Constant)
    }
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert "DATABASE_URL" in read
    assert read - set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) == set()
