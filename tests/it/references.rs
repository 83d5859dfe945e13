//! Which objects name which: every row of the table, in manifests that the API knows.

use seatrial::cluster::Cluster;
use seatrial::lint::{Settings, lint};
use seatrial::source::Sources;

/// Each line that names something says in a comment what, as `Kind namespace/name`, with a `?` behind what may be absent.
const MANIFESTS: &str = "
apiVersion: v1
kind: Pod
metadata: {name: all, namespace: shop}
spec:
  serviceAccountName: account                            # ServiceAccount shop/account
  serviceAccount: account                                # ServiceAccount shop/account
  priorityClassName: high                                # PriorityClass /high
  runtimeClassName: sandbox                              # RuntimeClass /sandbox
  nodeName: one                                          # Node /one
  imagePullSecrets:
    - name: registry                                     # Secret shop/registry
  resourceClaims:
    - name: gpu
      resourceClaimName: gpu                             # ResourceClaim shop/gpu
    - name: other
      resourceClaimTemplateName: gpus                    # ResourceClaimTemplate shop/gpus
  initContainers:
    - name: first
      env:
        - name: A
          valueFrom:
            configMapKeyRef:
              key: a
              optional: true
              name: settings                             # ConfigMap shop/settings?
  containers:
    - name: main
      env:
        - name: A
          valueFrom:
            secretKeyRef:
              key: a
              optional: false
              name: password                             # Secret shop/password
      envFrom:
        - configMapRef:
            name: settings                               # ConfigMap shop/settings
        - secretRef:
            optional: true
            name: password                               # Secret shop/password?
  ephemeralContainers:
    - name: debug
      envFrom:
        - configMapRef:
            name: debugging                              # ConfigMap shop/debugging
  volumes:
    - name: a
      configMap:
        name: settings                                   # ConfigMap shop/settings
    - name: b
      secret:
        secretName: password                             # Secret shop/password
    - name: c
      projected:
        sources:
          - configMap:
              name: settings                             # ConfigMap shop/settings
          - secret:
              optional: true
              name: password                             # Secret shop/password?
    - name: d
      persistentVolumeClaim:
        claimName: data                                  # PersistentVolumeClaim shop/data
    - name: e
      ephemeral:
        volumeClaimTemplate:
          spec:
            storageClassName: fast                       # StorageClass /fast
    - name: f
      azureFile:
        secretName: azure                                # Secret shop/azure
    - name: g
      cephfs:
        secretRef:
          name: ceph                                     # Secret shop/ceph
    - name: h
      cinder:
        secretRef:
          name: cinder                                   # Secret shop/cinder
    - name: i
      csi:
        nodePublishSecretRef:
          name: driver                                   # Secret shop/driver
    - name: j
      flexVolume:
        secretRef:
          name: flex                                     # Secret shop/flex
    - name: k
      iscsi:
        secretRef:
          name: chap                                     # Secret shop/chap
    - name: l
      rbd:
        secretRef:
          name: rbd                                      # Secret shop/rbd
    - name: m
      scaleIO:
        secretRef:
          name: scale                                    # Secret shop/scale
    - name: n
      storageos:
        secretRef:
          name: os                                       # Secret shop/os
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          serviceAccountName: robot                      # ServiceAccount /robot
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: account}
secrets:
  - name: token                                          # Secret /token
imagePullSecrets:
  - name: registry                                       # Secret /registry
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec:
  storageClassName: fast                                 # StorageClass /fast
  volumeName: disk                                       # PersistentVolume /disk
  volumeAttributesClassName: gold                        # VolumeAttributesClass /gold
  dataSource:
    kind: VolumeSnapshot
    name: yesterday                                      # VolumeSnapshot shop/yesterday
  dataSourceRef:
    kind: VolumeSnapshot
    namespace: backup
    name: yesterday                                      # VolumeSnapshot backup/yesterday
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec:
  storageClassName: fast                                 # StorageClass /fast
  volumeAttributesClassName: gold                        # VolumeAttributesClass /gold
  claimRef:
    namespace: shop
    name: data                                           # PersistentVolumeClaim shop/data
  csi:
    controllerPublishSecretRef:
      namespace: csi
      name: one                                          # Secret csi/one
    nodeStageSecretRef:
      namespace: csi
      name: two                                          # Secret csi/two
    nodePublishSecretRef:
      namespace: csi
      name: three                                        # Secret csi/three
    controllerExpandSecretRef:
      namespace: csi
      name: four                                         # Secret csi/four
    nodeExpandSecretRef:
      namespace: csi
      name: five                                         # Secret csi/five
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db                                        # Service shop/db
  volumeClaimTemplates:
    - spec:
        storageClassName: fast                           # StorageClass /fast
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: web                                            # Deployment shop/web
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx                                # IngressClass /nginx
  defaultBackend:
    service:
      name: fallback                                     # Service shop/fallback
    resource:
      kind: Bucket
      name: static                                       # Bucket shop/static
  tls:
    - secretName: certificate                            # Secret shop/certificate
  rules:
    - http:
        paths:
          - backend:
              service:
                name: web                                # Service shop/web
          - backend:
              resource:
                kind: Bucket
                name: images                             # Bucket shop/images
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec:
  parameters:
    kind: Parameters
    namespace: ingress
    name: common                                         # Parameters ingress/common
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: shop}
roleRef:
  kind: Role
  name: reader                                           # Role shop/reader
subjects:
  - kind: ServiceAccount
    name: account                                        # ServiceAccount shop/account
  - kind: ServiceAccount
    namespace: other
    name: robot                                          # ServiceAccount other/robot
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readers}
roleRef:
  kind: ClusterRole
  name: reader                                           # ClusterRole /reader
subjects:
  - kind: ServiceAccount
    namespace: other
    name: robot                                          # ServiceAccount other/robot
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: a}
webhooks:
  - clientConfig:
      service:
        namespace: hooks
        name: mutate                                     # Service hooks/mutate
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: a}
webhooks:
  - clientConfig:
      service:
        namespace: hooks
        name: validate                                   # Service hooks/validate
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: a}
spec:
  policyName: policy                                     # ValidatingAdmissionPolicy /policy
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: a}
spec:
  policyName: policy                                     # MutatingAdmissionPolicy /policy
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.example.com}
spec:
  service:
    namespace: api
    name: server                                         # Service api/server
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.com}
spec:
  conversion:
    webhook:
      clientConfig:
        service:
          namespace: api
          name: converter                                # Service api/converter
";

#[test]
fn every_name_of_another_object_is_found_where_it_stands() {
    let mut sources = Sources::default();
    let file = sources.add("all.yaml", MANIFESTS);
    let cluster = Cluster::read(&sources);
    let mut found = Vec::new();
    for object in cluster.objects() {
        for reference in object.references() {
            let line = sources.get(file).position(object.place(&reference.path).span.start as usize).line;
            let optional = if reference.is_optional { "?" } else { "" };
            found.push((line, format!("{} {}/{}{optional}", reference.kind, reference.namespace, reference.name)));
        }
    }
    found.sort();
    let marked =
        MANIFESTS.lines().enumerate().filter_map(|(at, line)| Some((at + 1, line.split_once(" # ")?.1.to_owned())));
    assert_eq!(found, marked.collect::<Vec<_>>());
}

#[test]
fn the_fields_that_name_others_are_fields_of_the_api() {
    let mut sources = Sources::default();
    sources.add("all.yaml", MANIFESTS);
    let report = lint(&sources, &Settings::default());
    let unknown: Vec<&str> =
        report.findings.iter().filter(|it| it.rule == "unknown-field").map(|it| it.message.as_str()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
