# SPDX-License-Identifier: Apache-2.0
"""The fuzz targets of a build directory, as Meson knows them, and how what is missing gets built."""
import dataclasses, json, os, pathlib, subprocess, sys

TOP = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Target:
    name: str  # module/target, as the folders of its corpus
    program: pathlib.Path
    corpus: pathlib.Path

    @property
    def dictionary(self):
        """None where words help nothing."""
        path = self.corpus.parents[1] / (self.corpus.name + ".dict")
        return path if path.exists() else None


def shell(function, *arguments):
    """Runs a function of setup.sh; ends this program if it fails."""
    call = '. "$1/tests/support/setup.sh"; top=$1; shift; cd "$top" && "$@"'
    done = subprocess.run(["sh", "-c", call, "sh", str(TOP), function, *map(str, arguments)])
    if done.returncode != 0:
        sys.exit("%s failed" % function)


def introspect(build, what):
    said = subprocess.run(["meson", "introspect", str(build), what], capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit("meson introspect %s: %s" % (build, said.stderr.strip()))
    return json.loads(said.stdout)


def tests_of(build, *suites):
    """(suite, name, program, arguments) of every test in the suites."""
    wanted = {"covfefenet:" + suite for suite in suites}
    for test in introspect(build, "--tests"):
        for suite in wanted.intersection(test["suite"]):
            yield suite.split(":")[1], test["name"], pathlib.Path(test["cmd"][0]), test["cmd"][1:]


def targets_of(build):
    found = []
    for _, _, program, arguments in tests_of(build, "fuzz"):
        corpus = pathlib.Path(arguments[-1])
        found.append(Target("%s/%s" % (corpus.parents[1].name, corpus.name), program, corpus))
    return sorted(found, key=lambda target: target.name)


def ninja(build, programs):
    """Builds what is missing, politely; ends this program if it fails."""
    names = sorted({str(program.relative_to(build)) for program in programs})
    log = build / "fuzz-build.log"
    with open(log, "w") as out:
        done = subprocess.run(["nice", "-n", "10", "ninja", "-C", str(build), *names], stdout=out,
                              stderr=subprocess.STDOUT)
    if done.returncode != 0:
        print("".join(open(log).readlines()[-40:]))
        sys.exit("the build failed: all of it is in %s" % log)


def directory(default):
    """COVFEFE_BUILD names another build directory than the default."""
    return (TOP / os.environ.get("COVFEFE_BUILD", default)).resolve()
