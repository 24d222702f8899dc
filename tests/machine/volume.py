# SPDX-License-Identifier: Apache-2.0
"""The encrypted volume under a running node: it goes, it comes back, and what is no such volume is refused."""

# What README.md says, on the second disk; --pbkdf pbkdf2 with few rounds since the machine is emulated.
MAKE = """
dd if=/dev/urandom of=/etc/covfefe-volume.key bs=64 count=1 status=none && chmod 0400 /etc/covfefe-volume.key
cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $VOLUME /etc/covfefe-volume.key
echo "covfefe UUID=$(cryptsetup luksUUID $VOLUME) /etc/covfefe-volume.key luks,nofail" >> /etc/crypttab
echo "/dev/mapper/covfefe /var/lib/covfefe ext4 nofail 0 2" >> /etc/fstab
systemctl daemon-reload
systemctl start systemd-cryptsetup@covfefe.service || fail "the volume was not opened"
mkfs.ext4 -q /dev/mapper/covfefe
systemctl start var-lib-covfefe.mount || fail "the volume was not mounted"
systemd-tmpfiles --create covfefe.conf
grep -q '^CRYPT-LUKS2-' /sys/class/block/dm-0/dm/uuid || fail "$(cat /sys/class/block/dm-0/dm/uuid)"
stat -c '%U %a %n' /var/lib/covfefe/keystore /var/lib/covfefe/peerdb
"""

SAYS_WHY = """
degraded() { covfefe status > /run/said; [ $? = 1 ]; }
until_true 60 "covfefe status to say 1" degraded
grep -q 'keystore  *down' /run/said && grep -q 'peerdb  *down' /run/said || fail "$(cat /run/said)"
tr -s ' \\n' ' ' < /run/said | grep -qF "$WORDS" || fail "covfefe status does not say «$WORDS»: $(cat /run/said)"
covfefe why bob > /run/said; [ $? = 1 ] || fail "covfefe why is not 1"
tr -s ' \\n' ' ' < /run/said | grep -qF "$WORDS" || fail "covfefe why does not say «$WORDS»: $(cat /run/said)"
for unit in keystore peerdb; do
  until_true 30 "the journal of $unit" journal_has covfefe-$unit.service "$WORDS"
  until_true 30 "systemctl status of $unit" status_has $unit "$WORDS"
done
"""

# Its services end first, so that the device can be closed; nothing brings it back but the operator.
STOPPED = """
before=($(pids))
systemctl stop var-lib-covfefe.mount || fail "the volume was not unmounted"
systemctl stop systemd-cryptsetup@covfefe.service || fail "the volume was not closed: $(journalctl -n 5 -o cat -u systemd-cryptsetup@covfefe.service)"
[ -e /dev/mapper/covfefe ] && fail "the volume is open"
now=$(states covfefe-keystore.service covfefe-peerdb.service)
[ "$now" = "inactive inactive " ] || fail "keystore and peerdb are $now"
traffic_goes_on 10 60
# Others that want them are started anew; a connection to their sockets starts them.
systemctl restart covfefe-tun-helper.service
WORDS="/var/lib/covfefe is a volume of /etc/fstab, and not mounted"
""" + SAYS_WHY + """
after=($(pids))
for i in 3 4; do [ "${before[i]}" = "${after[i]}" ] || fail "also restarted: ${before[*]} → ${after[*]}"; done
mountpoint -q /var/lib/covfefe && fail "the volume was mounted again by somebody"
traffic_goes_on 10 60
"""

STARTED = """
systemctl start var-lib-covfefe.mount || fail "the volume was not mounted"
until_true 120 "the node to be whole" whole
traffic_goes_on 5 60
"""

UNMOUNTED = """
before=($(pids))
umount /var/lib/covfefe || fail "umount: $?"
volume_is_free() { [ "$(cat /sys/class/block/dm-0/holders 2>/dev/null; grep -l /dev/mapper/covfefe /proc/[0-9]*/mountinfo)" = "" ]; }
until_true 30 "keystore and peerdb to let the volume go" volume_is_free
WORDS="/var/lib/covfefe is a volume of /etc/fstab, and not mounted"
""" + SAYS_WHY + """
[ "${before[1]}" != "$(pid_of keystore)" ] && [ "${before[2]}" != "$(pid_of peerdb)" ] || fail "they did not end"
after=($(pids))
for i in 0 3 4; do [ "${before[i]}" = "${after[i]}" ] || fail "also restarted: ${before[*]} → ${after[*]}"; done
traffic_goes_on 10 60
"""

MOUNTED = """
mount /var/lib/covfefe
until_true 120 "the node to be whole" whole
[ "$(pids | wc -w)" = 5 ] || fail "$(pids)"
"""

# The same files on something that is no LUKS volume, mounted in place of the right one.
COVERED = """
{prepare}
mkfs.ext4 -q -F {device} && mount {device} /mnt && cp -a /var/lib/covfefe/. /mnt && umount /mnt
umount /var/lib/covfefe && mount {device} /var/lib/covfefe
WORDS="{words}"
refused() {{ journal_has covfefe-keystore.service "$WORDS" && journal_has covfefe-peerdb.service "$WORDS"; }}
until_true 60 "both to refuse" refused
""" + SAYS_WHY.replace("{", "{{").replace("}", "}}") + """
covfefe status | tr -s ' \\n' ' ' | grep -q 'next: move .* to a file system on a LUKS volume (cryptsetup luksFormat' || fail "no fix"
lsof_free() {{ ! ls -l /proc/$(pid_of keystore)/fd /proc/$(pid_of peerdb)/fd | grep -q /var/lib/covfefe; }}
lsof_free || fail "a service has files open there"
traffic_goes_on 5 60
umount /var/lib/covfefe
{undo}
mount /var/lib/covfefe
until_true 120 "the node to be whole" whole
"""
UNENCRYPTED = COVERED.format(prepare="", device="$OTHER", words="vdd is not encrypted by LUKS", undo="")
PLAIN = COVERED.format(
    prepare="cryptsetup open -q --type plain --cipher aes-xts-plain64 --key-size 256 --key-file /etc/covfefe-volume.key "
            "$OTHER plainly", device="/dev/mapper/plainly", undo="cryptsetup close plainly",
    words="is not encrypted by LUKS")

# With the volume away and no directories on the disk below.
ABSENT = """
umount /var/lib/covfefe
until_true 60 "the volume to be free" systemctl stop systemd-cryptsetup@covfefe.service
mv /var/lib/covfefe /var/lib/covfefe-away && mkdir /var/lib/covfefe
systemctl restart covfefe-keystore.service covfefe-peerdb.service
WORDS="is not there: /var/lib/covfefe is a volume of /etc/fstab, and not mounted"
""" + SAYS_WHY + """
rmdir /var/lib/covfefe && mv /var/lib/covfefe-away /var/lib/covfefe
systemctl start var-lib-covfefe.mount
until_true 120 "the node to be whole" whole
"""
