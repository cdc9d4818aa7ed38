"""What a machine of a group talks to at boot: S3, Secrets Manager, parameters, CloudWatch and its logs by moto, and a metadata service (version 2).

moto doesn't look at signatures; each request's is computed again here, by botocore, and must be the same.
With a certificate and its key it is also at AWS's own places: metadata at 169.254.169.254, the rest by TLS on port 443.

Prints its port. POST /_fake sets what goes wrong; POST /_fake/put, /_fake/secret and /_fake/parameter fill it; GET /_fake tells
what was asked.
"""
import io
import json
import secrets
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

ROLE = "web-machine"
KEYS = Credentials("ASIAEXAMPLEEXAMPLE00", "se/cret+" + secrets.token_urlsafe(24), "tok/en+==" + secrets.token_urlsafe(200))
INSTANCE = {"instance-id": "i-0123456789abcdef0", "local-ipv4": None}

# `instances`: ids by address, where there are several; `public`: what begins so may be read by anybody.
state = {"s3Busy": 0, "metadataSilent": 0, "metadataDelayS": 0, "noRole": 0, "ssmBusy": 0, "logsDown": False, "instances": {}, "public": None}
asked = []
tokens = set()
moto = DomainDispatcherApplication(create_backend_app)


def take(key):
    """Whether it is still to go wrong, once less from now on."""
    if state[key] <= 0:
        return False
    state[key] -= 1
    return True


def metadata(request):
    time.sleep(state["metadataDelayS"])
    if take("metadataSilent"):
        return Response("", 503)
    if request.path == "/latest/api/token":
        if request.method != "PUT" or "x-aws-ec2-metadata-token-ttl-seconds" not in request.headers:
            return Response("", 400)
        token = secrets.token_urlsafe(40)
        tokens.add(token)
        return Response(token)
    if request.headers.get("x-aws-ec2-metadata-token") not in tokens:
        return Response("", 401)
    name = request.path.removeprefix("/latest/meta-data/")
    if name.startswith("iam/") and take("noRole"):
        return Response("", 404)
    if name == "iam/security-credentials/":
        return Response(ROLE)
    if name == f"iam/security-credentials/{ROLE}":
        document = {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": KEYS.access_key, "SecretAccessKey": KEYS.secret_key, "Token": KEYS.token}
        return Response(json.dumps(document, indent=2).replace('":', '" :'))
    if name == "instance-id" and request.remote_addr in state["instances"]:
        return Response(state["instances"][request.remote_addr])
    if name == "local-ipv4":
        return Response(request.remote_addr)
    return Response(INSTANCE[name]) if name in INSTANCE else Response("", 404)


def signature_of(request):
    """What botocore would have signed, of the same headers at the same time."""
    authorization = request.headers["authorization"]
    fields = dict(part.split("=", 1) for part in authorization.removeprefix("AWS4-HMAC-SHA256 ").split(", "))
    _key, _day, region, service, _end = fields["Credential"].split("/")
    signed = fields["SignedHeaders"].split(";")
    headers = {name: request.headers[name] for name in signed if name != "host"}
    again = AWSRequest(method=request.method, url=request.url, data=request.get_data(), headers=headers)
    again.context["timestamp"] = request.headers["x-amz-date"]
    auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(KEYS, service, region)
    text = auth.string_to_sign(again, auth.canonical_request(again))
    return fields["Signature"], auth.signature(text, again), signed, service


def signed_or_refused(request):
    if "authorization" not in request.headers:
        return "AccessDenied"
    given, right, signed, service = signature_of(request)
    own = {"s3": {"x-amz-content-sha256"}, "monitoring": {"content-type"}}.get(service, {"x-amz-target"})
    needed = {"host", "x-amz-date", "x-amz-security-token"} | own
    if given != right:
        return "SignatureDoesNotMatch"
    return None if needed <= set(signed) and request.headers["x-amz-security-token"] == KEYS.token else "InvalidToken"


def client(service):
    url = f"http://{sys.argv[1]}:{server.server_port}"
    return boto3.client(service, region_name="eu-central-1", endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test")


def metrics(dimensions):
    """What was told of exactly these."""
    cloudwatch = client("cloudwatch")
    of = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    end = datetime.now(timezone.utc) + timedelta(minutes=5)
    during = {"Dimensions": of, "Period": 60, "Statistics": ["Maximum"], "StartTime": end - timedelta(hours=2), "EndTime": end}
    told = []
    for metric in cloudwatch.list_metrics(Dimensions=of)["Metrics"]:
        names = {"Namespace": metric["Namespace"], "MetricName": metric["MetricName"]}
        points = cloudwatch.get_metric_statistics(**names, **during)["Datapoints"]
        told.append({"namespace": names["Namespace"], "name": names["MetricName"], "values": [point["Maximum"] for point in points]})
    return told


def logs(group):
    """Messages of each stream, in the order that they are told in."""
    client_of_logs = client("logs")
    streams = client_of_logs.describe_log_streams(logGroupName=group)["logStreams"]
    told = {}
    for name in [stream["logStreamName"] for stream in streams]:
        told[name], token = [], None
        while True:
            more = {} if token is None else {"nextToken": token}
            page = client_of_logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True, **more)
            told[name] += [event["message"] for event in page["events"]]
            if not page["events"] or page["nextForwardToken"] == token:
                break
            token = page["nextForwardToken"]
    return told


def control(request):
    if request.method == "GET":
        return Response(json.dumps(asked))
    given = json.loads(request.get_data())
    if request.path == "/_fake":
        state.update(given)
    elif request.path == "/_fake/secret":
        made = client("secretsmanager").create_secret(Name=f"web-{secrets.token_hex(4)}", SecretString=json.dumps(given))
        return Response(json.dumps({"arn": made["ARN"], "versionId": made["VersionId"]}))
    elif request.path == "/_fake/parameter":
        client("ssm").put_parameter(Name=given["name"], Value=given["value"], Type="SecureString", Overwrite=True)
    elif request.path == "/_fake/metrics":
        return Response(json.dumps(metrics(given["dimensions"])))
    elif request.path == "/_fake/log-group":
        client("logs").create_log_group(logGroupName=given["name"])
    elif request.path == "/_fake/logs":
        return Response(json.dumps(logs(given["name"])))
    elif request.path == "/_fake/bucket":
        client("s3").create_bucket(Bucket=given["name"], CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        client("s3").put_bucket_versioning(Bucket=given["name"], VersioningConfiguration={"Status": "Enabled"})
    elif request.path == "/_fake/put":
        with open(given["path"], "rb") as file:
            client("s3").put_object(Bucket=given["bucket"], Key=given["key"], Body=file)
    elif request.path == "/_fake/object":
        body = client("s3").get_object(Bucket=given["bucket"], Key=given["key"])["Body"].read()
        return Response(json.dumps({"text": body.decode()}))
    elif request.path == "/_fake/remove":
        client("s3").delete_object(Bucket=given["bucket"], Key=given["key"])
    return Response("{}")


def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    request = Request(dict(environ))
    environ["wsgi.input"] = io.BytesIO(body)
    if request.path.startswith("/_fake"):
        return control(request)(environ, start_response)
    if request.path.startswith("/latest/"):
        return metadata(request)(environ, start_response)
    # This process's own, which fill it.
    if "Credential=test/" in request.headers.get("authorization", ""):
        return moto(environ, start_response)
    asked.append(f"{request.method} {urlsplit(request.url).path} {request.headers.get('x-amz-target', '')}".strip())
    if request.headers.get("x-amz-target") is None and take("s3Busy"):
        return Response("<Error><Code>SlowDown</Code></Error>", 503)(environ, start_response)
    if "AmazonSSM" in request.headers.get("x-amz-target", "") and take("ssmBusy"):
        return Response('{"__type":"ThrottlingException","message":"Rate exceeded"}', 400)(environ, start_response)
    if "Logs_" in request.headers.get("x-amz-target", "") and state["logsDown"]:
        return Response("", 503)(environ, start_response)
    if state["public"] is not None and request.path.startswith(state["public"]) and "authorization" not in request.headers:
        bucket, key = request.path.removeprefix("/").split("/", 1)
        return Response(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())(environ, start_response)
    wrong = signed_or_refused(request)
    if wrong is not None:
        return Response(f"<Error><Code>{wrong}</Code></Error>", 403)(environ, start_response)
    return moto(environ, start_response)


def at_their_own_places(address, certificate, key):
    for place, port, tls in [("169.254.169.254", 80, None), (address, 443, (certificate, key))]:
        one = make_server(place, port, app, threaded=True, ssl_context=tls)
        threading.Thread(target=one.serve_forever, daemon=True).start()


server = make_server(sys.argv[1], 0, app, threaded=True)
if len(sys.argv) > 2:
    at_their_own_places(*sys.argv[1:])
print(server.server_port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
server.serve_forever()
