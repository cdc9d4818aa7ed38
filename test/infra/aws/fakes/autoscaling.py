"""An Auto Scaling API with instance refreshes, which moto doesn't have. What comes in and what goes out is checked against botocore's
service model: moto's own parser and serializer read it, botocore's validator judges it.

Prints its port. POST /_fake sets the group, the steps that a refresh goes through, one for each look, and errors to answer with.
GET /_fake tells what was asked.
"""
import json
import sys
import threading
import traceback
from datetime import datetime, timezone

from botocore.loaders import Loader
from botocore.validate import ParamValidator
from moto.core.model import ServiceModel
from moto.core.parse import QueryParser
from moto.core.serialize import QuerySerializer
from werkzeug.datastructures import MultiDict
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

# Of botocore's own description; the class is moto's, whose parser asks it more.
model = ServiceModel(Loader().load_service_model("autoscaling", "service-2"), "autoscaling")
ENDED = {"Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful"}
KNOWN_ERRORS = {shape.error_code for shape in model.error_shapes} | {
    "Throttling", "ExpiredToken", "InvalidClientTokenId", "ValidationError", "InternalFailure", "ServiceUnavailable", "AccessDenied"
}
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)

state = {"group": None, "steps": [], "errors": {}, "refreshes": []}
asked = []
faults = []
lock = threading.Lock()


class Refused(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        assert code in KNOWN_ERRORS, code
        self.code, self.status = code, status


def valid(what, shape):
    report = ParamValidator().validate(what, shape)
    if report.has_errors():
        raise Refused("ValidationError", report.generate_report())


def enums(what, shape, path=""):
    """botocore leaves the values of enums to the service."""
    if shape.type_name == "structure":
        for name, inner in what.items():
            enums(inner, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for inner in what:
            enums(inner, shape.member, path)
    elif shape.type_name == "string" and shape.enum and what not in shape.enum:
        raise Refused("ValidationError", f"{path} is {what}, not one of {shape.enum}")


def policy_of(configuration):
    return configuration["MixedInstancesPolicy"]


def template_version(policy):
    return policy["LaunchTemplate"]["LaunchTemplateSpecification"]["Version"]


def describe_groups(given):
    group = state["group"]
    if group is None or given.get("AutoScalingGroupNames") != [group["name"]]:
        return {"AutoScalingGroups": []}
    machines = [
        {
            "InstanceId": f"i-{index:017x}", "AvailabilityZone": "eu-central-1a", "LifecycleState": "InService", "HealthStatus": "Healthy",
            "ProtectedFromScaleIn": False,
            "LaunchTemplate": {"LaunchTemplateId": "lt-0a", "Version": version},
        }
        for index, version in enumerate(group["machines"])
    ]
    return {
        "AutoScalingGroups": [
            {
                "AutoScalingGroupName": group["name"], "MinSize": 2, "MaxSize": 6, "DesiredCapacity": len(machines), "DefaultCooldown": 300,
                "AvailabilityZones": ["eu-central-1a"], "HealthCheckType": "ELB", "CreatedTime": NOW, "MixedInstancesPolicy": group["policy"],
                "Instances": machines,
            }
        ]
    }


def start(given):
    if any(refresh["Status"] not in ENDED for refresh in state["refreshes"]):
        raise Refused("InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.")
    wanted = given["DesiredConfiguration"]
    if not template_version(policy_of(wanted)).isdigit():
        raise Refused("ValidationError", "a rollback needs a version by its number")
    refresh = {"InstanceRefreshId": f"refresh-{len(state['refreshes']) + 1}", "AutoScalingGroupName": given["AutoScalingGroupName"],
               "Status": "Pending", "StartTime": NOW, "DesiredConfiguration": wanted, "Preferences": given["Preferences"]}
    state["refreshes"].insert(0, refresh)
    return {"InstanceRefreshId": refresh["InstanceRefreshId"]}


def describe_refreshes(given):
    for refresh in state["refreshes"]:
        if refresh["Status"] in ENDED or not state["steps"]:
            continue
        step = state["steps"].pop(0)
        refresh.update(step)
        if step["Status"] == "Successful":
            policy = policy_of(refresh["DesiredConfiguration"])
            state["group"]["policy"] = policy
            state["group"]["machines"] = [template_version(policy) for _ in state["group"]["machines"]]
    return {"InstanceRefreshes": state["refreshes"]}


ACTIONS = {"DescribeAutoScalingGroups": describe_groups, "StartInstanceRefresh": start, "DescribeInstanceRefreshes": describe_refreshes}


def answer(request):
    action = request.form["Action"]
    operation = model.operation_model(action)
    if "/eu-central-1/autoscaling/aws4_request" not in request.headers.get("authorization", ""):
        raise Refused("InvalidClientTokenId", "The request isn't signed for this service and region.", 403)
    values = MultiDict((key, value) for key, value in request.form.items(multi=True) if key not in ("Action", "Version"))
    given = QueryParser(operation).parse({"values": values})
    valid(given, operation.input_shape)
    enums(given, operation.input_shape)
    asked.append({"action": action, "given": given})
    pending = state["errors"].get(action, [])
    if pending:
        error = pending.pop(0)
        raise Refused(error["code"], error.get("message", error["code"]), error.get("status", 400))
    result = ACTIONS[action](given)
    valid(result, operation.output_shape)
    enums(result, operation.output_shape)
    done = QuerySerializer(operation).serialize(result)
    return Response(done["body"], done["status_code"], content_type="text/xml")


def app(environ, start_response):
    request = Request(environ)
    with lock:
        if request.path == "/_fake":
            if request.method == "POST":
                state.update(json.loads(request.get_data()))
                asked.clear()
            response = Response(json.dumps({"asked": asked, "faults": faults}, default=str))
        else:
            try:
                response = answer(request)
            except Refused as error:
                body = (f"<ErrorResponse><Error><Type>Sender</Type><Code>{error.code}</Code><Message>{error}</Message></Error>"
                        "<RequestId>r</RequestId></ErrorResponse>")
                response = Response(body, error.status, content_type="text/xml")
            except Exception:
                faults[:] = [traceback.format_exc()]
                response = Response("", 500)
    return response(environ, start_response)


server = make_server(sys.argv[1], 0, app, threaded=True)
print(server.server_port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
server.serve_forever()
