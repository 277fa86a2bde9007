"""What worker processes can't have of a script or a notebook is said at once."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.schema import TrainingConfig
from bakeoff.core.errors import ConfigError
from bakeoff.workflow.main_module import check_main

ONE_PROCESS = ExperimentConfig(
    training=TrainingConfig(networks=("net1",), executor="serial"), data=DataConfig(workers=1)
)
CODE = """
import sys
from msgspec.structs import replace
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.schema import TrainingConfig
from bakeoff.core.errors import ConfigError
from bakeoff.workflow.main_module import check_main
{before}
try:
    check_main(ExperimentConfig(training=TrainingConfig(networks=({network!r},))))
except ConfigError as error:
    print(error)
"""


def said(arguments: Sequence[str]) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_class_in_place_of_a_name_is_refused() -> None:
    training = replace(ONE_PROCESS.training, networks=(dict,))
    with pytest.raises(ConfigError, match=r"takes names, not <class 'dict'>.*bakeoff\.train takes a class"):
        check_main(replace(ONE_PROCESS, training=training))


def test_a_network_of_a_session_is_refused_whatever_the_executor() -> None:
    code = CODE.format(before="class Net: pass", network="__main__:Net")
    assert "network '__main__:Net' is defined in this session" in said(["-c", code])


def test_a_plugin_of_a_session_is_refused_for_worker_processes() -> None:
    before = "from bakeoff.core.registry import networks\n@networks.register('own')\nclass Net: pass"
    assert "a plug-in was registered in an interactive session" in said(
        ["-c", CODE.format(before=before, network="own")]
    )


def test_a_script_that_its_workers_would_run_again_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(CODE.format(before="", network="net1"))
    assert f"{script} would be run again by each worker process" in said([str(script)])
    script.write_text(CODE.format(before="assert __name__ == '__main__'", network="__main__:Net"))
    assert said([str(script)]) == ""


def test_a_worker_that_runs_the_script_again_says_so_and_does_not_wait_for_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    start = "import multiprocessing\nmultiprocessing.get_context('spawn').Process(target=print).start()\n"
    script.write_text(CODE.format(before="assert __name__", network="net1") + start)
    assert said([str(script)]).count("the script would be run again by each worker process") == 1


def test_nodes_of_a_cluster_know_nothing_of_the_script(tmp_path: Path) -> None:
    script, guard = tmp_path / "script.py", "assert __name__ == '__main__'\n"
    plugin = "from bakeoff.core.registry import networks\n@networks.register('own')\nclass Net: pass"
    script.write_text(CODE.format(before=guard + plugin, network="own").replace("',)", "',), executor='ray'"))
    assert "a plug-in was registered in the main script" in said([str(script)])
    script.write_text(CODE.format(before=guard, network="__main__:Net").replace("',)", "',), executor='ray'"))
    assert "network '__main__:Net' is defined in this session" in said([str(script)])


def test_this_process_alone_needs_nothing() -> None:
    check_main(ONE_PROCESS)
