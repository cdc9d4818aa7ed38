/** What makes a machine one that Systems Manager can send commands to: leave to ask for them, and the agent that does. */
import type { Grant } from "./identity.ts";

/**
 * What the agent needs for Run Command, and nothing else of AmazonSSMManagedInstanceCore, which also reads all parameters of the account.
 * None of them can be bound to a resource (Service Authorization Reference, "AWS Systems Manager", "Session Manager Message Gateway
 * Service", "Message Delivery Service").
 */
export const runCommandGrant: Grant = {
  name: "run-command",
  actions: [
    "ssm:UpdateInstanceInformation",
    "ssm:ListAssociations",
    "ssm:ListInstanceAssociations",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
  ],
  resources: ["*"],
};

/** Part of the boot script. Debian's images have no agent of Systems Manager, by which a release comes to a machine in place. */
export const SSM_AGENT = String.raw`install_agent() {
  systemctl cat amazon-ssm-agent.service >/dev/null 2>&1 || {
    persist ask "the agent of Systems Manager" "$work/agent.deb" "$ssm_agent/debian_$(dpkg --print-architecture)/amazon-ssm-agent.deb" &&
      persist unpack_agent
  }
}

# Another installation may hold the lock at a first boot.
unpack_agent() { dpkg -i "$work/agent.deb" >&2 || return 1; }
`;

const AGENT_LATER = "no agent of Systems Manager, so no release can be brought to this machine; trying again at the end";

/** Before all else, where no other machine takes this one's place: whatever it then fails with, a release can be brought to it. */
export const SSM_AGENT_FIRST = String.raw`install_agent || say "${AGENT_LATER}"
patience_s=600
`;

/** Last, as nobody shall wait for it: without it the machine serves all the same, and `up` names it. */
export const SSM_AGENT_AT_LAST = String.raw`verdict="this machine serves, but no release can be brought to it"
install_agent || refuse "the agent of Systems Manager can't be installed" "use an image that has it, or let machines reach $ssm_agent"
`;
