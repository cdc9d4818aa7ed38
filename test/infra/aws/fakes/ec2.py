"""Of EC2, what the `fleet` command asks: images, and the console of an instance, which says more with each look."""
import base64
from fnmatch import fnmatchcase

from service import Refused, Service

state = {"images": [], "console": [], "latest": True, "errors": {}}
ATTRIBUTES = {"name": "Name", "state": "State", "virtualization-type": "VirtualizationType", "root-device-type": "RootDeviceType"}


def describe_images(given):
    def matches(image):
        return image["OwnerId"] in given["Owners"] and all(
            any(fnmatchcase(image[ATTRIBUTES[one["Name"]]], value) for value in one["Values"]) for one in given["Filters"]
        )

    return {"Images": [image for image in state["images"] if matches(image)]}


def console_output(given):
    if given.get("Latest") and not state["latest"]:
        raise Refused("UnsupportedOperation", "This instance type does not support retrieving the latest console logs.")
    said = state["console"]
    text = said.pop(0) if len(said) > 1 else "".join(said)
    output = {"Output": base64.b64encode(text.encode()).decode()} if text else {}
    return {"InstanceId": given["InstanceId"], **output}


Service("ec2", state, {"DescribeImages": describe_images, "GetConsoleOutput": console_output}).serve()
