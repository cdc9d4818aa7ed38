"""One of AWS's services, faked. What comes in and what goes out is checked against botocore's service model: moto's own parser and
serializer read and write it, botocore's validator judges it.

Prints its port. POST /_fake sets the state; GET /_fake tells what was asked, and what went wrong in the fake itself.
"""
import json
import sys
import threading
import traceback

from botocore.validate import ParamValidator
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SERIALIZERS
from moto.core.utils import get_service_model
from werkzeug.datastructures import MultiDict
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response


class Refused(Exception):
    def __init__(self, code, message="", status=400):
        super().__init__(message or code)
        self.code, self.status = code, status


def valid(what, shape):
    # An operation may answer with nothing.
    if shape is None:
        return
    report = ParamValidator().validate(what, shape)
    if report.has_errors():
        raise Refused("ValidationError", report.generate_report())


class Service:
    """@param actions what answers each operation: a function of what was given"""

    def __init__(self, name, state, actions):
        self.model = get_service_model(name)
        self.state, self.actions = state, actions
        self.asked, self.faults = [], []
        self.lock = threading.Lock()

    def parsed(self, request):
        if self.model.protocol == "json":
            operation = self.model.operation_model(request.headers["x-amz-target"].split(".")[1])
            values = {"headers": request.headers, "body": request.get_data()}
        else:
            operation = self.model.operation_model(request.form["Action"])
            values = {"values": MultiDict((key, value) for key, value in request.form.items(multi=True) if key not in ("Action", "Version"))}
        return operation, PROTOCOL_PARSERS[self.model.protocol](operation).parse(values)

    def answer(self, request):
        if f"/{self.model.signing_name}/aws4_request" not in request.headers.get("authorization", ""):
            raise Refused("AuthFailure", "The request isn't signed for this service.", 403)
        operation, given = self.parsed(request)
        valid(given, operation.input_shape)
        self.asked.append({"action": operation.name, "given": given})
        pending = self.state.get("errors", {}).get(operation.name, [])
        if pending:
            raise Refused(**pending.pop(0))
        result = self.actions[operation.name](given)
        valid(result, operation.output_shape)
        done = SERIALIZERS[self.model.protocol](operation).serialize(result)
        return Response(done["body"], done["status_code"], content_type=done["headers"].get("Content-Type", "text/xml"))

    def refused(self, error):
        if self.model.protocol == "json":
            return Response(json.dumps({"__type": error.code, "message": str(error)}), error.status, content_type="application/x-amz-json-1.1")
        body = f"<Response><Errors><Error><Code>{error.code}</Code><Message>{error}</Message></Error></Errors><RequestID>r</RequestID></Response>"
        return Response(body, error.status, content_type="text/xml")

    def control(self, request):
        if request.method == "POST":
            self.state.update(json.loads(request.get_data()))
            self.asked.clear()
        return Response(json.dumps({"asked": self.asked, "faults": self.faults}, default=str))

    def app(self, environ, start_response):
        request = Request(environ)
        try:
            with self.lock:
                response = self.control(request) if request.path == "/_fake" else self.answer(request)
        except Refused as error:
            response = self.refused(error)
        except Exception:
            self.faults.append(traceback.format_exc())
            sys.stderr.write(self.faults[-1])
            response = Response("", 500)
        return response(environ, start_response)

    def serve(self):
        server = make_server(sys.argv[1], 0, self.app, threaded=True)
        print(server.server_port, flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
        server.serve_forever()
