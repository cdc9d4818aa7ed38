"""Of EC2, what the `fleet` command asks: images, versions of a launch template, and the console of an instance, which says more with each
look."""
import base64
from fnmatch import fnmatchcase

from service import Refused, Service

state = {"images": [], "console": [], "latest": True, "errors": {}, "versions": [], "stuck": []}
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


def describe_versions(given):
    """Two at a time, to see that the next ones are asked for."""
    asked = [version for version in state["versions"] if str(version["VersionNumber"]) in given.get("Versions", [str(version["VersionNumber"])])]
    if not asked and "Versions" in given:
        raise Refused("InvalidLaunchTemplateId.VersionNotFound")
    start = int(given.get("NextToken", 0))
    page = [{"LaunchTemplateId": given["LaunchTemplateId"], **version} for version in asked[start:start + 2]]
    more = {"NextToken": str(start + 2)} if start + 2 < len(asked) else {}
    return {"LaunchTemplateVersions": page, **more}


def delete_versions(given):
    numbers = [int(number) for number in given["Versions"]]
    if any(version["VersionNumber"] in numbers and version["DefaultVersion"] for version in state["versions"]):
        raise Refused("InvalidLaunchTemplateId.VersionNotFound", "the default version can't be deleted")
    gone = [number for number in numbers if number not in state["stuck"]]
    state["versions"] = [version for version in state["versions"] if version["VersionNumber"] not in gone]
    told = [{"LaunchTemplateId": given["LaunchTemplateId"], "VersionNumber": number} for number in gone]
    return {"SuccessfullyDeletedLaunchTemplateVersions": told}


ACTIONS = {
    "DescribeImages": describe_images,
    "GetConsoleOutput": console_output,
    "DescribeLaunchTemplateVersions": describe_versions,
    "DeleteLaunchTemplateVersions": delete_versions,
}
Service("ec2", state, ACTIONS).serve()
