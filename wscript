#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The build front of Weft: ./wscript VERB... [OPTION...] [-- ARGUMENT...]

verbs, done in the order given; each does what it needs of those before it, except deps:
  deps             install the Debian packages that are missing, and nothing else
  configure        configure build/PRESET with CMake
  build            build it
  test             run the tests; arguments after -- go to ctest
  bench            run the benchmarks; arguments after -- go to each of them
  link-into DIR    put the ns-3 modules into the contrib/ folder of the ns-3 source tree in DIR
  clean            remove what was built
  distclean        remove build/ altogether

options:
  --preset NAME    one of CMakePresets.json: release (default), debug, asan-ubsan
  --purpose WORD   what deps, configure and build are to provide for: run, test, bench, all (default)
  --dry-run        deps: print the missing packages, one a line, and install nothing
  --long           test: the long sweeps too
  --copy           link-into: copy the modules instead of linking them
  --reconfigure    configure: even where nothing changed
  -j N, --jobs N   how many jobs at once (default: one a processor)
  --quiet          say nothing when there is nothing to do
  -h, --help       this text

The build graph is CMake's alone; this file only drives it. The same file loads under waf ("waf configure build
test"), where link-into is written "waf link_into --into=DIR" and arguments for ctest go by CTEST_ARGS.
"""

import contextlib
import difflib
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

APPNAME = "weft"
top = "."
out = "build"
ROOT = os.path.dirname(os.path.abspath(__file__)) if "__file__" in globals() else os.getcwd()
with open(os.path.join(ROOT, "VERSION"), encoding="utf-8") as version_file:
    VERSION = version_file.read().strip()

# waf offers every function as a command but those whose names begin with an underscore.

MODULES = ("netbase", "underlay", "sdwan", "vxlan")

# Every Debian package the project uses, by what it is used for, with the reason printed when it gets installed.
PACKAGES = {
    "build": {
        "g++": "the compiler",
        "cmake": "the build graph",
        "ninja-build": "runs the build",
        "libns3-dev": "ns-3, the simulator",
        "ns3": "helper programs that ns-3's CMake files insist on",
        "libabsl-dev": "flat hash maps on the packet path",
        "libboost-dev": "Boost headers",
        "libboost-program-options-dev": "reads command lines",
        "libfmt-dev": "text formatting",
        "libssl-dev": "OpenSSL: AES-GCM and digests",
        "libyaml-cpp-dev": "reads scenario files",
    },
    "report": {
        "python3": "runs the report",
        "python3-matplotlib": "draws the figures",
        "graphviz": "lays out pictures of the topology",
    },
    "tests": {
        "libgtest-dev": "GoogleTest",
        "libgmock-dev": "GoogleTest's matchers",
        "tshark": "decodes captures in the tests",
        "python3-jsonschema": "holds the scenarios against the generated schema",
        "python3-yaml": "reads the scenarios for that",
    },
    "bench": {
        "libbenchmark-dev": "Google Benchmark",
        "libisal-dev": "ISA-L, the yardstick of XOR parity",
    },
}
GROUPS = {
    "run": ("build", "report"),
    "test": ("build", "report", "tests"),
    "bench": ("build", "bench"),
    "all": tuple(PACKAGES),
}
VERBS = ("deps", "configure", "build", "test", "bench", "link-into", "clean", "distclean")


class Settings:
    """What the command line asked for; the defaults are those of a plain call."""

    preset = "release"
    purpose = "all"
    dry_run = False
    long = False
    copy = False
    reconfigure = False
    jobs = os.cpu_count() or 1
    quiet = False
    into = ""
    arguments = ()

    @property
    def folder(self):
        return os.path.join(ROOT, "build", self.preset)


def _say(text):
    print("weft: " + text, file=sys.stderr, flush=True)


def _fail(text, code=1):
    _say(text)
    raise SystemExit(code)


def _nearest(word, words):
    close = difflib.get_close_matches(word, words, 1, 0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def _run(command, check=True, **keywords):
    """Runs a command after showing it; ends with its exit code when it fails and check is set."""
    print("+ " + shlex.join(command), file=sys.stderr, flush=True)
    code = subprocess.run(command, cwd=ROOT, check=False, **keywords).returncode
    if check and code:
        raise SystemExit(code)
    return code


@contextlib.contextmanager
def _only_one():
    """Lets one process at a time change build/, so that several may be started at once."""
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build", ".lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _say("waiting for another build in this folder")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- deps -------------------------------------------------------------------------------------------------------


def _missing_packages(purpose):
    """The packages of a purpose that dpkg does not have installed, each with its reason."""
    wanted = {name: why for group in GROUPS[purpose] for name, why in PACKAGES[group].items()}
    query = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *wanted],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False,
    )
    installed = {line.split()[0] for line in query.stdout.splitlines() if line.endswith(" installed")}
    return {name: why for name, why in wanted.items() if name not in installed}


def _install_deps(settings):
    if not shutil.which("dpkg-query") or not shutil.which("apt-get"):
        wanted = " ".join(name for group in GROUPS[settings.purpose] for name in PACKAGES[group])
        _fail("this is not Debian (no apt-get and dpkg-query): install by your own means what Debian calls\n"
             f"    {wanted}\nthen set WEFT_SKIP_DEPS=1, or use ./wscript without deps")
    missing = _missing_packages(settings.purpose)
    if settings.dry_run:
        for name in missing:
            print(name)
        return
    if not missing:
        if not settings.quiet:
            _say("no package is missing")
        return
    become = [] if os.geteuid() == 0 else ["sudo"]
    if become and not shutil.which("sudo"):
        _fail("packages are missing, you are not root and there is no sudo; as root, run\n"
             f"    apt-get install --no-install-recommends {' '.join(missing)}")
    _say(f"installing {len(missing)} Debian package{'s' if len(missing) > 1 else ''} with "
        f"{'sudo ' if become else ''}apt-get, and what they depend on:")
    for name, why in missing.items():
        print(f"    {name:<29} {why}", file=sys.stderr)
    apt = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0",
           "-o", "DPkg::Lock::Timeout=600"]
    install = [*apt, "install", "-y", "--no-install-recommends", *missing]
    # apt's lists need a refresh when they are absent, do not know a package, or name files the mirror has replaced.
    fresh = subprocess.run(["apt-cache", "show", "--no-all-versions", *missing], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False).returncode == 0
    if fresh and _run(install, check=False, stdout=sys.stderr) == 0:
        return
    if _run([*apt, "update"], check=False, stdout=sys.stderr) == 0 and _run(install, check=False, stdout=sys.stderr) == 0:
        return
    still = _missing_packages(settings.purpose)
    _fail("apt-get could not install " + " ".join(still or missing) + ": see its messages above (is there a network, "
         "and does /etc/apt/sources.list name a mirror of Debian 12?)")


# --- configure and build ----------------------------------------------------------------------------------------


def _presets():
    with open(os.path.join(ROOT, "CMakePresets.json"), encoding="utf-8") as file:
        return [p["name"] for p in json.load(file)["configurePresets"] if not p.get("hidden")]


def _need(program, package):
    if not shutil.which(program):
        _fail(f"there is no {program} (Debian package {package}): run ./wscript deps first")


def _configure_preset(settings):
    """Configures build/PRESET unless it is configured already for at least this purpose. What an earlier call
    turned on stays on, so that a run after a test does not throw the tests' set-up away."""
    if settings.preset not in _presets():
        _fail(f"unknown preset '{settings.preset}'{_nearest(settings.preset, _presets())}", 2)
    with open(os.path.join(ROOT, "CMakePresets.json"), "rb") as file:
        digest = hashlib.sha256(file.read() + ROOT.encode()).hexdigest()
    stamp = os.path.join(settings.folder, ".configured.json")
    try:
        with open(stamp, encoding="utf-8") as file:
            last = json.load(file)
    except (OSError, ValueError):
        last = {}
    same = last.get("presets") == digest and os.path.exists(os.path.join(settings.folder, "build.ninja"))
    wanted = {"WEFT_TESTS"} if settings.purpose in ("test", "all") else set()
    wanted |= {"WEFT_BENCH"} if settings.purpose in ("bench", "all") else set()
    on = wanted | set(last.get("on", ()))
    if same and on == set(last["on"]) and not settings.reconfigure:
        return
    _need("cmake", "cmake")
    _need("ninja", "ninja-build")
    if last and not same:  # another place or other presets: nothing of the old cache is to be trusted
        for name in ("CMakeCache.txt", "CMakeFiles"):
            path = os.path.join(settings.folder, name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            elif os.path.exists(path):
                os.remove(path)
    command = ["cmake", "--preset", settings.preset]
    command += [f"-D{name}={'ON' if name in on else 'OFF'}" for name in ("WEFT_TESTS", "WEFT_BENCH")]
    if settings.quiet:
        _say(f"configuring build/{settings.preset}")
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            print(done.stdout, file=sys.stderr)
            _fail("CMake could not configure the build: see its messages above", done.returncode)
    else:
        _run(command)
    with open(stamp, "w", encoding="utf-8") as file:
        json.dump({"presets": digest, "on": sorted(on)}, file)


def _build_preset(settings):
    _configure_preset(settings)
    targets = {"run": ["--target", "weft-cli"], "bench": ["--target", "all"]}.get(settings.purpose, [])
    command = ["cmake", "--build", "--preset", settings.preset, "-j", str(settings.jobs), *targets]
    if settings.quiet:
        _build_quietly(command, settings)
    else:
        _run(command)


def _build_quietly(command, settings):
    """Builds with one moving line of progress on a terminal, a line each tenth of the way elsewhere, and nothing
    at all when all is built; what compilers say is shown in full."""
    live = sys.stderr.isatty()
    started = time.monotonic()
    tenths = 0
    built = False
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "NINJA_STATUS": "[%f/%t] "}) as child:
        for line in child.stdout:
            step = re.match(r"\[(\d+)/(\d+)\] (.*)", line)
            if not step:
                if not line.startswith("ninja: no work to do"):
                    print(("\r\033[K" if live else "") + line, end="", file=sys.stderr, flush=True)
                continue
            done, total, what = int(step[1]), int(step[2]), step[3]
            if done == 0 or what.startswith("Re-checking globbed"):
                continue
            built = True
            if live:
                width = shutil.get_terminal_size().columns - 1
                text = f"weft: building {done}/{total} {what.rsplit('/', 1)[-1]}"
                print(f"\r\033[K{text[:width]}", end="", file=sys.stderr, flush=True)
            elif done * 10 // total > tenths:
                tenths = done * 10 // total
                _say(f"building, {done} of {total}")
    if built and live:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if child.returncode:
        _fail("the build failed: see the messages above", child.returncode)
    if built:
        _say(f"built build/{settings.preset} in {time.monotonic() - started:.0f} s")


# --- test and bench ---------------------------------------------------------------------------------------------


def _count_results(path):
    """(passed, failed, skipped) of a JUnit file of ctest. A test that could not be run at all has failed."""
    passed = failed = skipped = 0
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        status = case.get("status")
        skip = case.find("skipped")
        reason = skip.get("message", "") if skip is not None else ""
        if status == "run":
            passed += 1
        elif status == "disabled" or reason.startswith("SKIP_"):
            skipped += 1
        else:
            failed += 1
    return passed, failed, skipped


def _run_tests(settings):
    settings.purpose = "all" if settings.purpose == "all" else "test"
    with _only_one():
        _build_preset(settings)
    junit = os.path.join(settings.folder, "tests.xml")
    with contextlib.suppress(FileNotFoundError):
        os.remove(junit)
    command = ["ctest", "--preset", settings.preset, "-j", str(settings.jobs), "--output-junit", junit]
    command += [] if settings.long else ["-LE", "^long$"]
    code = _run([*command, *settings.arguments], check=False)
    if not os.path.exists(junit):
        _fail("ctest ran no tests", code or 1)
    passed, failed, skipped = _count_results(junit)
    if passed + failed == 0:
        _fail("no test ran", 1)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    if failed or code:
        raise SystemExit(code or 1)


def _run_bench(settings):
    settings.purpose = "all" if settings.purpose == "all" else "bench"
    with _only_one():
        _build_preset(settings)
    if settings.preset != "release":
        _say(f"these are figures of a {settings.preset} build; only those of release mean anything")
    sources = sorted(os.listdir(os.path.join(ROOT, "bench")))
    names = [s[: -len(".cc")] for s in sources if s.endswith(("_bench.cc", "_ratio.cc"))]
    code = 0
    for name in names:
        program = os.path.join(settings.folder, "bench", name)
        if not os.path.exists(program):
            _fail(f"there is no {program}")
        code = _run([program, *settings.arguments], check=False) or code
    if code:
        raise SystemExit(code)


# --- link-into --------------------------------------------------------------------------------------------------


def _link_modules(settings):
    """Puts the modules into an ns-3 source tree; repeating it is harmless, and a stranger's folder is left alone."""
    tree = os.path.abspath(settings.into)
    if not os.path.isdir(tree):
        _fail(f"{settings.into} is not a folder", 2)
    signs = ("src/core/model", "src/network/model", "contrib", "CMakeLists.txt", "VERSION")
    lacking = [s for s in signs if not os.path.exists(os.path.join(tree, s))]
    if lacking:
        _fail(f"{settings.into} is not an ns-3 source tree: it has no {lacking[0]}", 2)
    if not os.path.exists(os.path.join(tree, "ns3")):
        _fail(f"{settings.into} is an ns-3 older than 3.36: its build is not CMake's, and the modules need that", 2)
    places = {name: os.path.join(tree, "contrib", name) for name in MODULES}
    for name, place in places.items():  # refuse before anything is changed
        ours = os.path.islink(place) or os.path.exists(os.path.join(place, ".weft-copy"))
        if os.path.lexists(place) and not ours:
            _fail(f"{place} exists and is not ours: move it away first", 2)
    for name, place in places.items():
        source = os.path.join(ROOT, "contrib", name)
        if os.path.islink(place):
            os.remove(place)
        elif os.path.isdir(place):
            shutil.rmtree(place)
        if settings.copy:
            shutil.copytree(source, place)
            with open(os.path.join(place, ".weft-copy"), "w", encoding="utf-8") as mark:
                mark.write(f"copied from Weft {VERSION}\n")
        else:
            os.symlink(source, place)
        print(f"{'copied' if settings.copy else 'linked'} contrib/{name}")
    print(f"""next, in {tree}:
  ./ns3 configure -d debug --enable-tests --enable-examples --enable-asserts --enable-logs \\
      --enable-modules='{';'.join(MODULES)}' --filter-module-examples-and-tests='{';'.join(MODULES)}'
  ./ns3 build
  ./test.py --no-build --suite=underlay
  ./test.py --no-build --suite=sdwan
  ./test.py --no-build --suite=vxlan""")


# --- the verbs, under waf's names for them ------------------------------------------------------------------------


def options(opt):
    opt.add_option("--preset", action="store", default="release", help="release (default), debug or asan-ubsan")
    opt.add_option("--purpose", action="store", default="all", help="run, test, bench or all (default)")
    opt.add_option("--dry-run", action="store_true", default=False, help="deps: only print what is missing")
    opt.add_option("--long", action="store_true", default=False, help="test: the long sweeps too")
    opt.add_option("--into", action="store", default="", help="link_into: an ns-3 source tree")
    opt.add_option("--copy", action="store_true", default=False, help="link_into: copy instead of linking")
    opt.add_option("--reconfigure", action="store_true", default=False, help="configure: even where nothing changed")


def _settings_of(ctx):
    if isinstance(ctx.options, Settings):
        return ctx.options
    settings = Settings()
    for name in ("preset", "purpose", "dry_run", "long", "copy", "reconfigure", "into", "jobs"):
        value = getattr(ctx.options, name, None)
        if value is not None:
            setattr(settings, name, value)
    settings.arguments = shlex.split(os.environ.get("CTEST_ARGS", ""))
    _check_purpose(settings)
    return settings


def _check_purpose(settings):
    if settings.purpose not in GROUPS:
        _fail(f"--purpose takes one of {', '.join(GROUPS)}, not '{settings.purpose}'", 2)


def deps(ctx):
    """installs the Debian packages that are missing"""
    settings = _settings_of(ctx)
    if settings.dry_run:
        _install_deps(settings)
        return
    with _only_one():
        _install_deps(settings)


def configure(ctx):
    """configures build/PRESET with CMake"""
    with _only_one():
        _configure_preset(_settings_of(ctx))


def build(ctx):
    """builds build/PRESET"""
    with _only_one():
        _build_preset(_settings_of(ctx))


def test(ctx):
    """runs the tests"""
    _run_tests(_settings_of(ctx))


def bench(ctx):
    """runs the benchmarks"""
    _run_bench(_settings_of(ctx))


def link_into(ctx):
    """puts the ns-3 modules into the ns-3 source tree named by --into"""
    settings = _settings_of(ctx)
    if not settings.into:
        _fail("link-into needs the folder of an ns-3 source tree", 2)
    _link_modules(settings)


class DirectContext:
    """Stands in for waf's context when this file is run by itself."""

    def __init__(self, settings):
        self.options = settings


def clean(settings):
    if os.path.exists(os.path.join(settings.folder, "build.ninja")):
        _run(["cmake", "--build", "--preset", settings.preset, "--target", "clean"])


def distclean(_):
    shutil.rmtree(os.path.join(ROOT, "build"), ignore_errors=True)


def _parse(words):
    """(verbs, settings) of a command line; ends the program with code 2 where it makes no sense."""
    settings, verbs = Settings(), []
    if "--" in words:
        settings.arguments = words[words.index("--") + 1 :]
        words = words[: words.index("--")]
    flags = ("dry-run", "long", "copy", "reconfigure", "quiet")
    valued = {"--preset": "preset", "--purpose": "purpose", "--jobs": "jobs", "-j": "jobs"}
    words = list(words)
    while words:
        word = words.pop(0)
        option, equals, value = word.partition("=")
        if word in ("-h", "--help", "help"):
            print(__doc__.strip())
            raise SystemExit(0)
        if re.fullmatch(r"-j\d+", word):
            option, equals, value = "-j", "=", word[2:]
        if option in valued:
            if not equals and not words:
                _fail(f"{option} needs a value", 2)
            setattr(settings, valued[option], value if equals else words.pop(0))
        elif word.startswith("--") and word[2:] in flags:
            setattr(settings, word[2:].replace("-", "_"), True)
        elif word.startswith("-"):
            known = [*valued, *("--" + flag for flag in flags), "--help"]
            _fail(f"unknown option '{word}'{_nearest(word, known)} (./wscript --help lists them)", 2)
        elif word not in VERBS:
            _fail(f"unknown verb '{word}'{_nearest(word, VERBS)} (./wscript --help lists them)", 2)
        else:
            verbs.append(word)
            if word == "link-into":
                if not words or words[0].startswith("-"):
                    _fail("link-into needs the folder of an ns-3 source tree", 2)
                settings.into = os.path.abspath(words.pop(0))
    _check_purpose(settings)
    if not str(settings.jobs).isdigit() or int(settings.jobs) < 1:
        _fail(f"--jobs takes a number from 1 up, not '{settings.jobs}'", 2)
    settings.jobs = int(settings.jobs)
    return verbs, settings


def main():
    verbs, settings = _parse(sys.argv[1:])
    if not verbs:
        print(__doc__.strip(), file=sys.stderr)
        raise SystemExit(2)
    try:
        for verb in verbs:
            if verb in ("clean", "distclean"):
                globals()[verb](settings)
            else:
                globals()[verb.replace("-", "_")](DirectContext(settings))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
