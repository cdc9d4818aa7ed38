"""Of Systems Manager, Run Command, and of Auto Scaling and EC2 what it needs beside: which machines there are, and that one is to be replaced.

POST /_fake sets `documents` (content by name), `machines` (`id`, `state`, `managed`, and `login`: words of a command that runs a script
given on its standard input, as root on the machine; `ec2`: its state there) and `results`; with `tags`, machines are found by these. A machine without a login does what `results` says for it and the
action: a list of steps, of which each command takes the first; without one it does as told, and is done with the second look.
"""
import json
import re
import subprocess
import threading
import uuid
from datetime import datetime, timezone

from service import Refused, Service
from werkzeug.wrappers import Response

state = {"documents": {}, "machines": [], "group": None, "tags": None, "results": {}, "errors": {}, "commands": [], "replaced": []}
ENDED = {"Success", "Cancelled", "Failed", "TimedOut"}
ANSWERS = {"try": "trial", "renew": "renewed", "confirm": "confirmed", "back": "back"}
PATTERNS = {"MaxConcurrency": r"^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$", "MaxErrors": r"^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$"}
STAGES = {"Executing": False, "Complete": True}


def now():
    return datetime.now(timezone.utc)


def count(text, of):
    return of * int(text[:-1]) // 100 if text.endswith("%") else int(text)


def document_of(given):
    content = state["documents"].get(given["DocumentName"])
    if content is None:
        raise Refused("InvalidDocument", "The specified document does not exist.")
    assert len(content.encode()) < 64 * 1024, "a document has 64 KB at most"
    document = json.loads(content)
    given_names, known = set(given.get("Parameters", {})), document["parameters"]
    if given_names != set(known):
        raise Refused("InvalidParameters", f"{given_names} were given, {set(known)} are asked for")
    for name, values in given["Parameters"].items():
        allowed, pattern = known[name].get("allowedValues", values), known[name].get("allowedPattern", ".*")
        if not all(value in allowed and re.fullmatch(pattern, value) for value in values):
            raise Refused("InvalidParameters", f"{name} can't be {values}")
    return document


def script_of(document, parameters):
    [step] = document["mainSteps"]
    script = "\n".join(step["inputs"]["runCommand"])
    for name, [value] in parameters.items():
        script = script.replace("{{ " + name + " }}", value)
    assert "{{" not in script, "what isn't a parameter looks like one"
    return script


def on_machine(machine, invocation, script):
    done = subprocess.run(machine["login"], input=script.encode(), capture_output=True)
    invocation.update(output=done.stdout.decode(), error=done.stderr.decode())
    if invocation["status"] not in ENDED:
        status = "Success" if done.returncode == 0 else "Failed"
        invocation.update(status=status, details=status)


def begin(command, machine):
    action = command["parameters"]["action"][0]
    invocation = command["invocations"][machine["id"]] = {"status": "InProgress", "details": "InProgress", "output": "", "error": "", "looks": 1}
    if "login" in machine:
        threading.Thread(target=on_machine, args=(machine, invocation, command["script"]), daemon=True).start()
        return
    pending = state["results"].get(machine["id"], {}).get(action, [])
    result = pending.pop(0) if pending else {}
    invocation["then"] = {"status": "Success", "output": f"fleetwright={ANSWERS[action]}\n", **result}
    invocation["looks"] = invocation["then"].pop("looks", 1)


def advance(command):
    """One look: what had begun is done, and what has room begins."""
    if command["status"] in ENDED:
        return
    for invocation in command["invocations"].values():
        if "then" not in invocation or invocation["status"] in ENDED:
            continue
        invocation["looks"] -= 1
        if invocation["looks"] < 0:
            then = invocation.pop("then")
            invocation.update({"details": then["status"], **then})
    failed = sum(one["status"] in ("Failed", "TimedOut") for one in command["invocations"].values())
    limit = count(command["given"]["MaxErrors"], len(command["targets"]))
    waiting = [machine for machine in command["targets"] if machine["id"] not in command["invocations"]]
    if failed > limit:
        for machine in waiting:
            command["invocations"][machine["id"]] = {"status": "Cancelled", "details": "Terminated", "output": "", "error": ""}
        waiting = []
    under_way = sum(one["status"] not in ENDED for one in command["invocations"].values())
    room = max(1, count(command["given"]["MaxConcurrency"], len(command["targets"]))) - under_way
    for machine in waiting[:max(0, room)]:
        begin(command, machine)
    if all(machine["id"] in command["invocations"] for machine in command["targets"]):
        conclude(command, failed, limit)


def conclude(command, failed, limit):
    states = [one["status"] for one in command["invocations"].values()]
    if not all(status in ENDED for status in states):
        return
    if not states:
        command.update(status="Success", details="NoInstancesInTag")
    elif command["status"] == "Cancelling":
        command.update(status="Cancelled", details="Cancelled")
    elif failed == 0:
        command.update(status="Success", details="Success")
    else:
        command.update(status="Failed", details="Failed" if failed > limit else "Incomplete")


def send(given):
    for name, pattern in PATTERNS.items():
        if not re.fullmatch(pattern, given[name]):
            raise Refused("ValidationException", f"{name} is {given[name]}")
    document = document_of(given)
    machines = [machine for machine in state["machines"] if machine.get("managed", True) and are_meant(given["Targets"], "Key")]
    command = {"id": str(uuid.uuid4()), "given": given, "parameters": given["Parameters"], "targets": machines, "invocations": {},
               "status": "Pending", "details": "Pending", "at": now(), "script": script_of(document, given["Parameters"])}
    command["status"] = command["details"] = "InProgress"
    state["commands"].insert(0, command)
    return {"Command": shown(command)}


def are_meant(targets, key):
    tags = {"aws:autoscaling:groupName": state["group"]} if state["tags"] is None else state["tags"]
    assert {target[key] for target in targets} == {f"tag:{name}" for name in tags}, targets
    return all(target["Values"] == [tags[target[key].removeprefix("tag:")]] for target in targets)


def instance_information(given):
    """Two at a time, to see that the next ones are asked for."""
    found = [machine for machine in state["machines"] if machine.get("managed", True) and are_meant(given["Filters"], "Key")]
    start = int(given.get("NextToken", 0))
    page = [{"InstanceId": machine["id"], "PingStatus": machine.get("ping", "Online")} for machine in found[start:start + 2]]
    return {"InstanceInformationList": page, **({"NextToken": str(start + 2)} if start + 2 < len(found) else {})}


def describe_instances(given):
    found = [machine for machine in state["machines"] if are_meant(given["Filters"], "Name")]
    instances = [{"InstanceId": machine["id"], "State": {"Code": 16, "Name": machine.get("ec2", "running")}} for machine in found]
    return {"Reservations": [{"ReservationId": "r-1", "OwnerId": "111122223333", "Instances": [instance]} for instance in instances]}


def shown(command):
    return {
        "CommandId": command["id"], "DocumentName": command["given"]["DocumentName"], "Parameters": command["parameters"],
        "Status": command["status"], "StatusDetails": command["details"], "RequestedDateTime": command["at"],
        "MaxConcurrency": command["given"]["MaxConcurrency"], "MaxErrors": command["given"]["MaxErrors"], "TargetCount": len(command["targets"]),
    }


def known(given):
    found = [command for command in state["commands"] if command["id"] == given["CommandId"]]
    if not found:
        raise Refused("InvalidCommandId", "The specified command ID isn't valid.")
    return found[0]


def list_commands(given):
    for command in state["commands"]:
        advance(command)
    if "CommandId" in given:
        return {"Commands": [shown(known(given))]}
    wanted = {one["key"]: one["value"] for one in given["Filters"]}
    assert set(wanted) == {"DocumentName", "ExecutionStage"}, wanted
    ended = STAGES[wanted["ExecutionStage"]]
    found = [one for one in state["commands"] if one["given"]["DocumentName"] == wanted["DocumentName"] and (one["status"] in ENDED) == ended]
    return {"Commands": [shown(command) for command in found]}


def list_invocations(given):
    command = known(given)

    def plugin(one):
        text = one["output"] + ("\n----------ERROR-------\n" + one["error"] if one["error"] else "")
        return {"Name": "release", "Status": one["status"], "StatusDetails": one["details"], "Output": text[:2500]}

    return {
        "CommandInvocations": [
            {"CommandId": command["id"], "InstanceId": machine, "Status": one["status"], "StatusDetails": one["details"], "CommandPlugins": [plugin(one)]}
            for machine, one in command["invocations"].items()
        ]
    }


def get_invocation(given):
    one = known(given)["invocations"].get(given["InstanceId"])
    if one is None:
        raise Refused("InvocationDoesNotExist")
    return {"CommandId": given["CommandId"], "InstanceId": given["InstanceId"], "Status": one["status"], "StatusDetails": one["details"],
            "StandardOutputContent": one["output"][:24000], "StandardErrorContent": one["error"][:8000]}


def cancel(given):
    command = known(given)
    if command["status"] not in ENDED:
        command["status"] = command["details"] = "Cancelling"
        for machine in command["targets"]:
            one = command["invocations"].setdefault(machine["id"], {"status": "Pending", "output": "", "error": ""})
            if one["status"] not in ENDED:
                one.update(status="Cancelled", details="Cancelled")
    return {}


def describe_groups(given):
    if state["group"] is None or given.get("AutoScalingGroupNames") != [state["group"]]:
        return {"AutoScalingGroups": []}
    machines = [
        {"InstanceId": machine["id"], "AvailabilityZone": "eu-central-1a", "LifecycleState": machine.get("state", "InService"),
         "HealthStatus": "Healthy", "ProtectedFromScaleIn": False}
        for machine in state["machines"]
    ]
    group = {"AutoScalingGroupName": state["group"], "MinSize": 1, "MaxSize": 6, "DesiredCapacity": len(machines), "DefaultCooldown": 300,
             "AvailabilityZones": ["eu-central-1a"], "HealthCheckType": "ELB", "CreatedTime": now(), "Instances": machines}
    return {"AutoScalingGroups": [group]}


def set_health(given):
    assert given["HealthStatus"] == "Unhealthy", given
    state["replaced"].append(given["InstanceId"])
    return {}


class RunCommand(Service):
    """Systems Manager, and beside it Auto Scaling and EC2, by what a request is signed for."""

    def __init__(self):
        super().__init__("ssm", state, {
            "SendCommand": send, "ListCommands": list_commands, "ListCommandInvocations": list_invocations,
            "GetCommandInvocation": get_invocation, "CancelCommand": cancel, "DescribeInstanceInformation": instance_information,
        })
        self.groups = Service("autoscaling", state, {"DescribeAutoScalingGroups": describe_groups, "SetInstanceHealth": set_health})
        self.instances = Service("ec2", state, {"DescribeInstances": describe_instances})
        self.groups.asked = self.instances.asked = self.asked

    def answer(self, request):
        if "/ec2/" in request.headers.get("authorization", ""):
            try:
                return self.instances.answer(request)
            except Refused as error:
                return self.instances.refused(error)
        if "/autoscaling/" not in request.headers.get("authorization", ""):
            return super().answer(request)
        try:
            return self.groups.answer(request)
        except Refused as error:
            body = f"<ErrorResponse><Error><Code>{error.code}</Code><Message>{error}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
            return Response(body, error.status, content_type="text/xml")

    def control(self, request):
        if request.method == "POST":
            self.state["replaced"] = []
        answer = super().control(request)
        told = json.loads(answer.get_data())
        commands = [{"action": one["parameters"]["action"][0], "status": one["status"], "id": one["id"], "invocations":
                     {machine: {key: value for key, value in each.items() if key != "then"} for machine, each in one["invocations"].items()}}
                    for one in self.state["commands"]]
        answer.set_data(json.dumps({**told, "commands": commands, "replaced": self.state["replaced"]}, default=str))
        return answer


RunCommand().serve()
