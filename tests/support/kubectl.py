#!/usr/bin/python3 -IS
"""A kubectl for tests: a cluster that is a folder. Every call is written down; what is made is a file until it is removed."""
import json
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
if sys.argv[1] == "jivascope":
    # As kubectl finds its plugins.
    os.execvp("kubectl-jivascope", ["kubectl-jivascope", *sys.argv[2:]])
words = [word for word in sys.argv[1:] if not word.startswith(("--request-timeout", "--context", "--kubeconfig"))]
with open(f"{HERE}/calls", "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\n")
with open(f"{HERE}/cluster.json") as file:
    cluster = json.load(file)


def refuse(text, code=1):
    sys.stderr.write(text + "\n")
    sys.exit(code)


def after(word):
    return words[words.index(word) + 1] if word in words else None


def jobs():
    return {name[:-5]: json.load(open(f"{HERE}/jobs/{name}")) for name in os.listdir(f"{HERE}/jobs")}


def node_of(job):
    return jobs()[job]["spec"]["template"]["spec"]["nodeName"]


def listed(kind):
    later = cluster["lists"].get(kind + " later")
    counter = f"{HERE}/count-{kind.replace('/', '_')}"
    seen = os.path.exists(counter)
    open(counter, "w").close()
    items = later if later is not None and seen else cluster["lists"].get(kind, [])
    return {"apiVersion": "v1", "kind": "List", "items": items}


what = words[0]
if what == "auth":
    sys.exit(1 if [words[2], words[3]] in cluster["denied"] else 0)
elif what == "get" and words[1] == "--raw":
    answer = cluster["raw"].get(words[2].rsplit("/", 1)[1])
    if answer is None:
        refuse("Error from server (ServiceUnavailable): error trying to reach service: dial tcp: connection refused")
    if isinstance(answer, str):
        refuse(answer)
    json.dump(answer, sys.stdout)
elif what == "get" and after("-l"):
    job = after("-l").split("=")[1]
    items = []
    if job in jobs():
        state = cluster["pods"].get(node_of(job), {"phase": "Running", "containerStatuses": [{"name": "collect", "state": {"running": {}}}]})
        if state:
            items = [{"metadata": {"name": f"{job}-x"}, "status": state}]
    json.dump({"kind": "List", "items": items}, sys.stdout)
elif what == "get":
    scope = "" if "-A" in words or words[1] in ("pv", "nodes") else " -n"
    if words[1] + scope in cluster["forbidden"]:
        refuse(f'Error from server (Forbidden): {words[1]} is forbidden: User "u" cannot list resource "{words[1]}"')
    selector = [word for word in words if word.startswith("--field-selector")]
    if selector:
        about = selector[0].rsplit("=", 1)[1].removesuffix("-x")
        node = node_of(about) if about in jobs() else ""
        json.dump({"kind": "List", "items": cluster["events"].get(node, [])}, sys.stdout)
    else:
        json.dump(listed(words[1]), sys.stdout)
elif what == "logs":
    if "--previous" in words and words[3] not in cluster["restarted"]:
        refuse("previous terminated container not found")
    sys.stdout.write(cluster["log"])
elif what == "create":
    manifest = json.load(open(after("-f")))
    json.dump(manifest, open(f"{HERE}/jobs/{manifest['metadata']['name']}.json", "w"))
    json.dump(manifest, open(f"{HERE}/made/{manifest['metadata']['name']}.json", "w"))
    if cluster["answers lost"]:
        refuse("error: the connection was lost")
elif what == "exec":
    job = words[3].removesuffix("-x")
    node = node_of(job)
    replica = cluster["replicas"][node]
    import subprocess
    import time

    if cluster["slow"]:
        open(f"{HERE}/reading", "w").close()
        time.sleep(60)
    if cluster["program"]:
        ran = subprocess.run([cluster["program"], "collect", replica, "--to", "-"], capture_output=True)
        sys.stderr.buffer.write(ran.stderr)
        capsule, code = ran.stdout, ran.returncode
    else:
        folder, name = os.path.split(replica)
        capsule, code = subprocess.run(["tar", "--sparse", "-C", folder, "-cf", "-", name], capture_output=True, check=True).stdout, 0
    if node in cluster["cut"]:
        capsule = capsule[: len(capsule) // 3]
    sys.stdout.buffer.write(capsule)
    sys.exit(code)
elif what == "delete":
    if cluster["kept"] == "hangs":
        import signal
        import time

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        open(f"{HERE}/deleting", "w").close()
        time.sleep(60)
    if cluster["kept"]:
        refuse("Error from server (Forbidden): jobs.batch is forbidden")
    name = f"{HERE}/jobs/{words[2]}.json"
    if os.path.exists(name):
        os.unlink(name)
else:
    refuse(f"this kubectl does not know {words}", 64)
