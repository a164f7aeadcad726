"""Runs the steps of the Dockerfile where no Docker engine can run, each stage in a fresh root of its
own, and then a notebook and its command, with the root read-only, as the user that it names.

usage, as root:
    debootstrap --variant=minbase bookworm BASE
    python3 tests/house/dockerfile.py BASE ROOTS

ROOTS becomes a folder with a root for each stage. Knows as much of the Dockerfile's language as ours
uses; a slim image of Docker's is BASE without manual pages.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
START = "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; "


def instructions(path):
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", path.read_text(), flags=re.M))
    for line in filter(str.strip, text.splitlines()):
        word, rest = line.split(None, 1)
        yield word.upper(), rest.strip()


class Stage:
    def __init__(self, base, folder):
        self.folder, self.variables, self.where, self.user, self.rest = folder, "", "/", None, {}
        subprocess.run(["cp", "-a", base, folder], check=True)
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")

    def command(self, command, user=None, read_only=False):
        """A shell in the root, with /proc and what Docker has of /dev in a namespace of its own."""
        folder = shlex.quote(str(self.folder))
        enter = f"chroot {'--userspec=' + user if user else ''} {folder} sh -c "
        inside = START + self.variables + f"cd {self.where} && {command}"
        mounts = (f"mount --bind {folder} {folder}; cd /; mount -t proc proc {folder}/proc; "
                  f"mount --rbind /dev {folder}/dev; ")
        if read_only:
            mounts += f"mount -o remount,bind,ro {folder}; mount -t tmpfs tmpfs {folder}/tmp; "
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec",
                mounts + "exec " + enter + shlex.quote(inside)]

    def run(self, command):
        print(f"RUN {command[:100]}", flush=True)
        subprocess.run(self.command(command), check=True)

    def copy(self, stages, words):
        source = None
        if words[0].startswith("--from="):
            source = stages[words.pop(0)[7:]].folder
        *files, to = words
        target = self.folder / to.lstrip("/") if to != "." else self.folder / self.where.lstrip("/")
        if source:
            shutil.copytree(source / files[0].lstrip("/"), target, symlinks=True)
        else:  # the context: what git knows, which is less than .dockerignore lets through
            listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
            for name in filter(None, listed.stdout.decode().split("\0")):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target / name)


def build(base, roots):
    stages = {}
    stage = None
    for word, rest in instructions(ROOT / "Dockerfile"):
        if word == "FROM":
            name = (re.search(r" AS (\S+)", rest, re.I) or [None, "last"])[1]
            stage = stages[name] = Stage(base, roots / name)
        elif word == "RUN":
            stage.run(rest)
        elif word == "COPY":
            stage.copy(stages, rest.split())
        elif word == "WORKDIR":
            stage.where = rest
            (stage.folder / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            stage.variables += f"export {rest}; "
        elif word == "USER":
            stage.user = rest
        elif word in ("ENTRYPOINT", "CMD", "EXPOSE", "HEALTHCHECK"):
            stage.rest[word] = rest
        else:
            sys.exit(f"{word} is unknown here")
    return stage


def user_of(stage):
    """As chroot wants it: the name is the root's, not this system's."""
    for line in (stage.folder / "etc/passwd").read_text().splitlines():
        name, _, uid, gid, *_ = line.split(":")
        if name == stage.user:
            return f"{uid}:{gid}"
    sys.exit(f"there is no user {stage.user}")


def ask(url, token=None, body=None):
    """Status and text of the answer."""
    headers = {"Content-Type": "image/jpeg"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def check(url, token):
    status, model = ask(url + "api/v1/model", token)
    sample = ask(url.rstrip("/") + json.loads(model)["samples"][0]["url"], token)[1]
    status, text = ask(url + "api/v1/predict?heatmap=png", token, sample)
    print("a sample:", status, {key: json.loads(text).get(key) for key in ("class", "probability")})
    if status != 200 or ask(url)[0] != 401 or ask(url + "healthz") != (200, b'{"status":"ok"}'):
        sys.exit("the app answers something else")


def serve(stage):
    """Starts the command, asks it and its health check, and stops it as Docker does."""
    words = json.loads(stage.rest["ENTRYPOINT"]) + json.loads(stage.rest["CMD"])
    health = json.loads(re.search(r"CMD (\[.*)", stage.rest["HEALTHCHECK"])[1])
    app = subprocess.Popen(stage.command("exec " + shlex.join(words), user_of(stage), True),
                           stdout=subprocess.PIPE, text=True)
    try:
        for line in app.stdout:
            print(line, end="", flush=True)
            if found := re.match(r"Open (\S+)\?token=(\S+)", line):
                break
        else:
            sys.exit("the app ended")
        check(found[1], found[2])
        subprocess.run(stage.command(shlex.join(health), user_of(stage), True), check=True)
        print("the health check agrees")
        child = pathlib.Path(f"/proc/{app.pid}/task/{app.pid}/children").read_text().split()[0]
        os.kill(int(child), signal.SIGTERM)
        app.wait(timeout=10)
    finally:
        app.kill()


def run_notebook(stage):
    command = json.loads(stage.rest["ENTRYPOINT"]) + [
        "run", "/opt/pneuma/share/pneuma/notebooks/00_start_here.md", "-o", "/tmp/out"]
    subprocess.run(stage.command(shlex.join(command), user_of(stage), True), check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", type=pathlib.Path)
    parser.add_argument("roots", type=pathlib.Path)
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("only root can enter a root")
    options.roots.mkdir(parents=True)
    last = build(options.base, options.roots.resolve())
    run_notebook(last)
    serve(last)


if __name__ == "__main__":
    main()
