#!/usr/bin/env python3
"""Writes kubernetes/internal.txt: how the API server's internal types print as JSON.

    internal_types.py KUBERNETES > ../kubernetes/internal.txt

KUBERNETES is a checkout of Kubernetes (v1.36.2 for the table that is committed). For every internal type that the spec of a
kind reaches, the table has a line with its name, and a line for each field in Go's order: its name in manifests, its name
as printed, and its type. What is printed of a field follows from the type: `*`, `[]` and `map` are null when they are
absent, `string` is empty, `int` is 0, `bool` is false, and a type of the table is printed whole. `?` behind the printed name
means that the field is left out when it is empty.
"""

import re
import sys
from pathlib import Path

GROUPS = ["core", "apps", "batch", "autoscaling", "networking", "policy", "rbac", "storage", "discovery", "node",
          "scheduling", "coordination", "admissionregistration", "certificates", "flowcontrol", "resource",
          "storagemigration"]
# Groups whose types are not in pkg/apis.
ELSEWHERE = {"apiextensions": "staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/types.go",
             "apiregistration": "staging/src/k8s.io/kube-aggregator/pkg/apis/apiregistration/types.go"}
ROOTS = ["core.Pod", "core.PodTemplate", "core.ReplicationController", "core.Service", "core.PersistentVolume",
         "core.PersistentVolumeClaim", "core.ResourceQuota", "core.LimitRange", "core.ConfigMap", "core.Secret",
         "core.Namespace", "core.ServiceAccount", "core.Endpoints",
         "apps.Deployment", "apps.DaemonSet", "apps.ReplicaSet", "apps.StatefulSet", "batch.Job", "batch.CronJob",
         "autoscaling.HorizontalPodAutoscaler", "networking.Ingress", "networking.IngressClass", "networking.NetworkPolicy",
         "networking.IPAddress", "networking.ServiceCIDR", "policy.PodDisruptionBudget", "rbac.ClusterRole",
         "rbac.ClusterRoleBinding", "rbac.Role", "rbac.RoleBinding", "storage.CSIDriver", "storage.StorageClass",
         "storage.VolumeAttributesClass", "discovery.EndpointSlice", "node.RuntimeClass", "scheduling.PriorityClass",
         "coordination.Lease", "admissionregistration.ValidatingWebhookConfiguration",
         "admissionregistration.MutatingWebhookConfiguration", "admissionregistration.ValidatingAdmissionPolicy",
         "admissionregistration.ValidatingAdmissionPolicyBinding", "admissionregistration.MutatingAdmissionPolicy",
         "admissionregistration.MutatingAdmissionPolicyBinding", "core.Node", "core.Event", "apps.ControllerRevision",
         "storage.CSINode", "storage.CSIStorageCapacity", "storage.VolumeAttachment", "coordination.LeaseCandidate",
         "scheduling.PodGroup", "scheduling.Workload", "certificates.CertificateSigningRequest",
         "certificates.ClusterTrustBundle", "certificates.PodCertificateRequest", "flowcontrol.FlowSchema",
         "flowcontrol.PriorityLevelConfiguration", "resource.DeviceClass", "resource.DeviceTaintRule", "resource.ResourceClaim",
         "resource.ResourceClaimTemplate", "resource.ResourceSlice", "storagemigration.StorageVersionMigration",
         "apiextensions.CustomResourceDefinition", "apiregistration.APIService"]
# Fields whose names in manifests are not those of the internal type with a small first word.
RENAMED = {
    ("core.PodSecurityContext", "HostNetwork"): "^hostNetwork", ("core.PodSecurityContext", "HostPID"): "^hostPID",
    ("core.PodSecurityContext", "HostIPC"): "^hostIPC",
    ("core.PodSecurityContext", "ShareProcessNamespace"): "^shareProcessNamespace",
    ("core.PodSecurityContext", "HostUsers"): "^hostUsers",
    ("core.PodSpec", "HostnameOverride"): "hostnameOverride",
    ("core.VolumeSource", "CephFS"): "cephfs", ("core.PersistentVolumeSource", "CephFS"): "cephfs",
    ("core.VolumeSource", "ISCSI"): "iscsi", ("core.VolumeSource", "RBD"): "rbd",
    ("core.PersistentVolumeSource", "ISCSI"): "iscsi", ("core.PersistentVolumeSource", "RBD"): "rbd",
    ("core.VolumeSource", "StorageOS"): "storageos", ("core.PersistentVolumeSource", "StorageOS"): "storageos",
    ("core.VolumeSource", "DownwardAPI"): "downwardAPI", ("core.VolumeProjection", "DownwardAPI"): "downwardAPI",
    ("core.ISCSIVolumeSource", "IQN"): "iqn", ("core.ISCSIPersistentVolumeSource", "IQN"): "iqn",
    ("core.EnvVarSource", "ConfigMapKeyRef"): "configMapKeyRef",
    ("core.RBDVolumeSource", "CephMonitors"): "monitors", ("core.RBDVolumeSource", "RBDImage"): "image",
    ("core.RBDVolumeSource", "RBDPool"): "pool", ("core.RBDVolumeSource", "RadosUser"): "user",
    ("core.RBDPersistentVolumeSource", "CephMonitors"): "monitors", ("core.RBDPersistentVolumeSource", "RBDImage"): "image",
    ("core.RBDPersistentVolumeSource", "RBDPool"): "pool", ("core.RBDPersistentVolumeSource", "RadosUser"): "user",
    ("core.AzureDiskVolumeSource", "DataDiskURI"): "diskURI",
    ("core.GlusterfsVolumeSource", "EndpointsName"): "endpoints",
    ("core.GlusterfsPersistentVolumeSource", "EndpointsName"): "endpoints",
    ("core.SELinuxOptions", "SELinuxOptions"): "seLinuxOptions",
    ("core.PodSpec", "TopologySpreadConstraints"): "topologySpreadConstraints",
    ("core.Taint", "TimeAdded"): "timeAdded",
    ("core.Lifecycle", "StopSignal"): "stopSignal",
}
PLAIN = {"string": "string", "bool": "bool", "int": "int", "int32": "int", "int64": "int", "uint32": "int", "byte": "byte",
         "float64": "int", "resource.Quantity": "quantity", "intstr.IntOrString": "intstr", "metav1.Time": "time",
         "metav1.MicroTime": "time", "types.UID": "string", "metav1.TypeMeta": "", "runtime.RawExtension": "json",
         "metav1.LabelSelector": "metav1.LabelSelector", "metav1.ObjectMeta": "metav1.ObjectMeta"}

STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.M | re.S)
ALIAS = re.compile(r"^type (\w+) (?:= )?([\w.\[\]*]+)$", re.M)
FIELD = re.compile(r"^\t(?:(\w+(?:, \w+)*)[ \t]+)?([\w.*\[\]]+)(?:[ \t]+`([^`]*)`)?[ \t]*(?://.*)?$")


def clean(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def read(path, group, structs, aliases):
    text = clean(path.read_text())
    for name, body in STRUCT.findall(text):
        structs[f"{group}.{name}"] = body
    for name, target in ALIAS.findall(text):
        if target not in ("struct", "interface"):
            aliases[f"{group}.{name}"] = target


def small(name):
    """`HTTPGet` is `httpGet`, `PodIPs` is `podIPs`, `TTY` is `tty`, `IPs` is `ips`."""
    head = re.match(r"[A-Z]+(?![a-z])s?|[A-Z]", name).group(0)
    if re.fullmatch(r"[A-Z]+s?", name):
        return name.lower()
    return head.lower() + name[len(head):]


def main():
    root = Path(sys.argv[1])
    structs, aliases, tags = {}, {}, {}
    for group in GROUPS:
        read(root / "pkg/apis" / group / "types.go", group, structs, aliases)
    meta, apis = {}, {}
    for group, path in ELSEWHERE.items():
        read(root / path, group, structs, aliases)
    for part in ["apis/meta/v1"]:
        read(root / "staging/src/k8s.io/apimachinery/pkg" / part / "types.go", "metav1", structs, aliases)
    # The names in manifests, where the type has the same name in the API of version 1.
    for group in [*GROUPS, *ELSEWHERE]:
        for version in ["v1beta1", "v2", "v1"]:
            path = root / "staging/src/k8s.io/api" / group / version / "types.go"
            if group in ELSEWHERE:
                path = root / Path(ELSEWHERE[group]).parent / version / "types.go"
            if path.exists():
                for name, body in STRUCT.findall(clean(path.read_text())):
                    for line in body.splitlines():
                        found = FIELD.match(line)
                        if found and found.group(3) and 'json:"' in found.group(3):
                            tag = re.search(r'json:"([^",]*)', found.group(3)).group(1)
                            field = (found.group(1) or found.group(2)).split(".")[-1].lstrip("*")
                            tags[(f"{group}.{name}", field)] = tag

    def kind(text, group):
        for prefix in ("*", "[]"):
            if text.startswith(prefix):
                inner = kind(text[len(prefix):], group)
                return "bytes" if prefix == "[]" and inner == "byte" else prefix + inner
        found = re.match(r"map\[[\w.]+\](.*)", text)
        if found:
            return "map " + kind(found.group(1), group)
        if text in PLAIN:
            return PLAIN[text]
        name = text if "." in text else f"{group}.{text}"
        if name.startswith("api."):
            name = "core." + name[4:]
        if name in structs:
            return name
        if name in aliases:
            return kind(aliases[name], name.split(".")[0])
        return "json"

    def fields(name):
        group = name.split(".")[0]
        for line in structs[name].splitlines():
            line = re.sub(r"^\t", "\t", line)
            found = FIELD.match(line)
            if not found or line.strip().startswith("//"):
                continue
            names, text, tag = found.groups()
            tag = re.search(r'json:"([^"]*)"', tag).group(1).split(",") if tag and 'json:"' in tag else None
            if names is None:
                inner = kind(text, group)
                if inner == "" or text.startswith("metav1.TypeMeta") or text.startswith("metav1.ListMeta"):
                    continue
                if inner == "metav1.ObjectMeta":
                    yield "metadata", "<" , inner
                else:
                    yield "", "<", inner
                continue
            for field in names.split(", "):
                inner = kind(text, group)
                if tag and tag[0]:
                    empty = "?" if "omitempty" in tag[1:] or "omitzero" in tag[1:] else ""
                    yield tag[0], tag[0] + empty, inner
                else:
                    own = RENAMED.get((name, field)) or tags.get((name, field)) or small(field)
                    yield own, field, inner

    done, waiting = {}, list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name in done or name not in structs:
            continue
        done[name] = list(fields(name))
        for _, _, inner in done[name]:
            waiting.append(re.sub(r"^(\*|\[\]|map )+", "", inner))
    for name in sorted(done):
        print(name)
        for own, printed, inner in done[name]:
            print(f"\t{own} {printed} {inner}")


main()
