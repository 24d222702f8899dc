# SPDX-License-Identifier: Apache-2.0
# Runs inside fresh mount, process, IPC, UTS, cgroup and network namespaces (tests/support/systemd.py) and
# becomes systemd. What is written below /etc, /var and /usr/local stays in $MACHINE; /run, /tmp, /dev are its own.
set -eu

for place in etc var usr/local; do
  upper=$MACHINE/$(basename "$place")
  mkdir -p "$upper" "$upper.work"
  lower=/$place
  [ "$place" != usr/local ] || lower=$INSTALLED/usr/local:/usr/local
  mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$upper.work" "/$place"
done
# The state lies on the disk itself, so that what syncs it syncs a disk.
mkdir -p "$MACHINE/state" /var/lib/covfefe
mount --bind "$MACHINE/state" /var/lib/covfefe
tr -d - < /proc/sys/kernel/random/uuid > /etc/machine-id

# The network namespace's own /sys; read-only, as container managers give it.
umount -l /sys 2> /dev/null || true
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -o remount,bind,ro /sys
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys

mount -t tmpfs -o mode=755,nosuid,nodev run /run
mkdir -p /run/units /run/lab
mount --bind "$UNITS" /run/units
mount --bind "$LAB" /run/lab
mount -t tmpfs -o mode=1777,nosuid,nodev tmp /tmp
mkdir -p "$LAB"
mount --move /run/lab "$LAB"

mkdir /run/dev
mount -t tmpfs -o mode=755,nosuid dev /run/dev
mkdir /run/dev/net /run/dev/pts /run/dev/shm
for node in null zero full random urandom tty fuse net/tun; do
  [ ! -e "/dev/$node" ] || cp -a "/dev/$node" "/run/dev/$node"
done
cp -a /dev/null /run/dev/console
cp -a /dev/null /run/dev/kmsg
mount --move /run/dev /dev
ln -s /proc/self/fd /dev/fd
ln -s pts/ptmx /dev/ptmx
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts /dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm /dev/shm
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\nReadKMsg=no\nAudit=\nStorage=volatile\nRateLimitIntervalSec=0\n' \
  > /run/systemd/journald.conf.d/machine.conf

hostname "$NAME"
# Credentials are mounted by a child of systemd and must appear for everybody; container managers see to it.
mount --make-rshared /
exec env -i container=x PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin SYSTEMD_LOG_TARGET=journal \
  SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/systemd/system:/usr/local/lib/systemd/system:/run/units \
  /usr/lib/systemd/systemd
