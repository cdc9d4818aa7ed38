"""Of EC2, what the `fleet` command asks: images, the console of an instance, which says more with each look, and launch templates."""
import base64
from fnmatch import fnmatchcase

from service import Refused, Service

state = {"images": [], "console": [], "latest": True, "userData": {}, "errors": {}}
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


def template_versions(given):
    [version] = given["Versions"]
    if version not in state["userData"]:
        raise Refused("InvalidLaunchTemplateId.VersionNotFound")
    data = base64.b64encode(state["userData"][version].encode()).decode()
    return {"LaunchTemplateVersions": [{"LaunchTemplateId": given["LaunchTemplateId"], "VersionNumber": int(version), "LaunchTemplateData": {"UserData": data}}]}


ACTIONS = {"DescribeImages": describe_images, "GetConsoleOutput": console_output, "DescribeLaunchTemplateVersions": template_versions}
Service("ec2", state, ACTIONS).serve()
