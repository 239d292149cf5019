#!/bin/bash
# PID 1 of one simulated computer: own network (already), mount, uts, ipc and pid namespaces.
# Arguments: NAME STATE_DIR NETNS
set -eu
NAME=$1 ST=$2 NETNS=$3
mount --make-rprivate /
mount -t proc proc /proc
hostname "$NAME"
# A fresh sysfs for this network namespace, with the host's cgroup tree put back into it.
mkdir -p "$ST/cg"
mount --rbind /sys/fs/cgroup "$ST/cg"
mount -t sysfs sysfs /sys
mount --rbind "$ST/cg" /sys/fs/cgroup
umount -l "$ST/cg"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/user0 "$ST/lib-docker" "$ST/etc-docker" "$ST/x11" /var/lib/docker /etc/docker /tmp/.X11-unix
chmod 700 /run/user0
mount --bind "$ST/lib-docker" /var/lib/docker
mount --bind "$ST/etc-docker" /etc/docker
mount --bind "$ST/x11" /tmp/.X11-unix
chmod 1777 /tmp/.X11-unix
[ -f "/etc/netns/$NETNS/resolv.conf" ] && mount --bind "/etc/netns/$NETNS/resolv.conf" /etc/resolv.conf
# A boot of its own, for whoever asks whether the machine was restarted.
cat /proc/sys/kernel/random/uuid > /run/boot-id
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id
touch /run/machine-ready
trap : TERM CHLD
while :; do sleep 3600 & wait $! || true; done
