//! Deployments, `ReplicaSet`s, `StatefulSet`s, `DaemonSet`s and `ReplicationController`s.
