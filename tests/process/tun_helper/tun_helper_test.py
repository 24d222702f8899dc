# SPDX-License-Identifier: Apache-2.0
"""The real tun-helper in a network namespace of its own; this script plays the router and the
operator. Argument: the helper's binary. Needs root; the namespace, and with it every device, ends
with this process."""
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ADDRESS = 'fd12:3456:789a:bcde:f012:3456:789a:bcde'
OTHER = 'fdaa:3456:789a:bcde:f012:3456:789a:bcde'
DEVICE = 'cvtest0'
PATIENCE = 20  # seconds that a step may take on a machine under load


def ip(*words):
    return json.loads(subprocess.run(['ip', '-j', *words], check=True, capture_output=True,
                                     text=True).stdout or '[]')


def link():
    found = [entry for entry in ip('-d', 'link', 'show') if entry.get('ifname') == DEVICE]
    return found[0] if found else None


def addresses():
    return [(a['local'], a['prefixlen']) for entry in ip('-6', 'addr', 'show', 'dev', DEVICE)
            for a in entry.get('addr_info', [])]


def overlay_route():
    return ip('-6', 'route', 'show', 'fd00::/8', 'dev', DEVICE)


def eventually(what, condition):
    end = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'{what}: not within {PATIENCE} s')
        time.sleep(0.01)  # a poll, bounded by PATIENCE; no result depends on its length


class Node:
    """A root directory with the helper's two files and two sockets."""

    def __init__(self, binary):
        self.binary = binary
        self.root = tempfile.mkdtemp(prefix='covfefe-tun-')
        os.makedirs(f'{self.root}/etc/covfefe')
        os.makedirs(f'{self.root}/run/covfefe')
        self.config(f'tun:\n  name: {DEVICE}\n  exclude: [fd77::/16]\n')
        self.identity(ADDRESS)
        self.router = self.listener('router.tun', socket.SOCK_SEQPACKET)
        self.router.settimeout(PATIENCE)
        self.operator = self.listener('tun-helper.operator', socket.SOCK_STREAM)
        self.process = None
        self.connections = []

    def config(self, text):
        with open(f'{self.root}/etc/covfefenet.yaml', 'w') as file:
            file.write(text)

    def identity(self, address):
        with open(f'{self.root}/etc/covfefe/identity.yaml', 'w') as file:
            file.write(f'covfefe_card: 1\nname: test\nidentity_key: "{"11" * 32}"\n'
                       f'static_key: "{"22" * 32}"\nstatic_sig: "{"33" * 64}"\n'
                       f'service_key: "{"44" * 32}"\naddress: "{address}"\n')

    def listener(self, name, kind):
        made = socket.socket(socket.AF_UNIX, kind)
        made.bind(f'{self.root}/run/covfefe/{name}.sock')
        made.listen(16)
        return made

    def command(self, *flags):
        return [self.binary, '--root', self.root, '--jail-unknown=kill', *flags]

    def start(self):
        # LISTEN_PID must be the helper's own number, which only the shell before exec knows.
        environment = dict(os.environ, LISTEN_FDS='1', LISTEN_FDNAMES='tun-helper.operator')
        inherited = self.operator.fileno()
        self.process = subprocess.Popen(
            ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', *self.command()], env=environment,
            pass_fds=(3,), preexec_fn=lambda: os.dup2(inherited, 3))

    def run(self, *flags):
        return subprocess.run(self.command(*flags), capture_output=True, text=True,
                              timeout=PATIENCE)

    def end(self, number):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self.process = None
        return status

    def accept(self):
        connection, _ = self.router.accept()
        connection.settimeout(PATIENCE)
        self.connections.append(connection)  # dropping the object would hang up
        return connection

    def take(self, connection):
        payload, fds, flags, _ = socket.recv_fds(connection, 64, 4)
        if len(fds) != 1 or flags & socket.MSG_CTRUNC:
            raise AssertionError(f'{len(fds)} descriptors, flags {flags}')
        return payload, fds[0]

    def inspect(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(PATIENCE)
            asking.connect(f'{self.root}/run/covfefe/tun-helper.operator.sock')
            text = b''
            while part := asking.recv(4096):
                text += part
        return json.loads(text)

    def counter(self, name):
        return next(c['value'] for c in self.inspect()['counters'] if c['name'] == name)

    def remove(self):
        self.end(signal.SIGKILL)
        for one in (self.router, self.operator, *self.connections):
            one.close()
        subprocess.run(['ip', 'link', 'del', DEVICE], capture_output=True)
        shutil.rmtree(self.root)


class TunHelper(unittest.TestCase):
    binary = None

    def setUp(self):
        self.node = Node(self.binary)
        self.addCleanup(self.node.remove)
        self.fds = []
        self.addCleanup(lambda: [os.close(fd) for fd in self.fds])

    def take(self, connection):
        payload, fd = self.node.take(connection)
        self.fds.append(fd)
        return payload, fd

    def give_up(self, fd):
        self.fds.remove(fd)
        os.close(fd)

    def assert_configured(self):
        self.assertEqual(link()['mtu'], 1280)
        self.assertIn('UP', link()['flags'])
        self.assertEqual(addresses(), [(ADDRESS, 128)])
        self.assertEqual(overlay_route()[0]['prefsrc'], ADDRESS)

    def assert_carries_packets(self, fd):
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
            sender.sendto(b'through the device', ('fd99::1', 9))
        packet = eventually('a packet', lambda: self.read(fd))
        self.assertEqual(packet[8:24], ipaddress.IPv6Address(ADDRESS).packed)
        self.assertEqual(packet[24:40], ipaddress.IPv6Address('fd99::1').packed)
        self.assertTrue(packet.endswith(b'through the device'))

    def read(self, fd):
        try:
            return os.read(fd, 2048)
        except BlockingIOError:
            return None

    def test_the_device_is_made_configured_and_handed_over_in_one_message(self):
        self.node.start()
        connection = self.node.accept()
        payload, fd = self.take(connection)
        self.assertEqual(payload, b'cvtunfd1' + (1).to_bytes(4, 'little')
                         + (1280).to_bytes(4, 'little') + DEVICE.encode().ljust(16, b'\0'))
        self.assert_configured()
        self.assertTrue(link()['linkinfo']['info_data']['persist'])
        self.assertEqual(link()['inet6_addr_gen_mode'], 'none')
        self.assertEqual(ip('-6', 'route', 'show', 'type', 'throw')[0]['dst'], 'fd77::/16')
        self.assert_carries_packets(fd)

    def test_a_second_router_gets_the_same_device(self):
        self.node.start()
        first_connection = self.node.accept()
        _, first = self.take(first_connection)
        first_connection.close()
        self.give_up(first)
        _, second = self.take(self.node.accept())
        self.assert_carries_packets(second)
        self.assertEqual(self.node.counter('handovers'), 2)

    def test_a_killed_helper_leaves_the_routers_device_and_the_next_helper_waits_for_it(self):
        self.node.start()
        _, held = self.take(self.node.accept())
        index = link()['ifindex']
        self.node.end(signal.SIGKILL)
        self.assert_configured()
        self.assert_carries_packets(held)

        self.node.start()
        connection = self.node.accept()
        eventually('attempts to attach', lambda: self.node.counter('busy') >= 2)
        self.assertEqual(self.node.counter('handovers'), 0)
        self.assertEqual(self.node.inspect()['state'], 'ok')
        self.assert_carries_packets(held)

        connection.close()  # the router dies: connection and descriptor go together
        self.give_up(held)
        _, again = self.take(self.node.accept())
        self.assertEqual(link()['ifindex'], index)
        self.assert_configured()
        self.assert_carries_packets(again)

    def test_device_address_and_route_outlive_helper_and_router(self):
        self.node.start()
        connection = self.node.accept()
        _, fd = self.take(connection)
        index = link()['ifindex']
        self.node.end(signal.SIGKILL)
        connection.close()
        self.give_up(fd)
        eventually('no carrier', lambda: 'NO-CARRIER' in link()['flags'])
        self.assert_configured()
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
            sender.sendto(b'into the void', ('fd99::1', 9))
        self.node.start()
        _, again = self.take(self.node.accept())
        self.assertEqual(link()['ifindex'], index)
        eventually('an earlier packet is not in the way', lambda: self.read(again) is None)
        self.assert_carries_packets(again)

    def test_a_deleted_device_is_made_anew_and_handed_over_on_a_new_connection(self):
        self.node.start()
        first = self.node.accept()
        self.take(first)
        subprocess.run(['ip', 'link', 'del', DEVICE], check=True)
        _, fd = self.take(self.node.accept())
        self.assert_configured()
        self.assert_carries_packets(fd)
        self.assertEqual(first.recv(1), b'')
        self.assertEqual(self.node.counter('devices-lost'), 1)

    def test_what_a_router_says_is_not_read_and_wakes_nobody(self):
        self.node.start()
        connection = self.node.accept()
        self.take(connection)
        connection.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while True:
                connection.send(b'x' * 1000)
        before = self.cpu_ticks()
        for _ in range(20):
            self.assertEqual(self.node.inspect()['state'], 'ok')
        time.sleep(0.3)  # a helper that spins uses about 30 ticks here
        self.assertLess(self.cpu_ticks() - before, 10)

    def cpu_ticks(self):
        with open(f'/proc/{self.node.process.pid}/stat') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def test_the_operator_reads_the_inspection_and_may_hang_up_at_once(self):
        self.node.start()
        self.take(self.node.accept())
        for _ in range(10):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as rude:
                rude.connect(f'{self.node.root}/run/covfefe/tun-helper.operator.sock')
        now = self.node.inspect()
        self.assertEqual((now['service'], now['state']), ('tun-helper', 'ok'))
        self.assertEqual(now['pid'], self.node.process.pid)
        jail = now['jail']
        self.assertEqual((jail['uid'], jail['capabilities'], jail['seccomp'], jail['unknown']),
                         (0, 1 << 12, 2, 'kill'))  # 12 is CAP_NET_ADMIN
        self.assertTrue(jail['noNewPrivs'])
        self.assertFalse(jail['dumpable'])

    def test_a_router_that_starts_late_is_found(self):
        self.node.router.close()
        os.unlink(f'{self.node.root}/run/covfefe/router.tun.sock')
        self.node.start()
        eventually('an answer', lambda: self.node.counter('connections') == 0)
        self.node.router = self.node.listener('router.tun', socket.SOCK_SEQPACKET)
        self.node.router.settimeout(PATIENCE)
        _, fd = self.take(self.node.accept())
        self.assert_carries_packets(fd)

    def test_a_new_identity_replaces_the_address(self):
        self.node.identity(OTHER)
        self.node.start()
        self.take(self.node.accept())
        self.assertEqual(addresses(), [(OTHER, 128)])
        self.node.end(signal.SIGTERM)
        self.node.identity(ADDRESS)
        self.node.start()
        self.node.accept()
        self.assert_configured()

    def test_remove_deletes_device_and_routes_and_is_idempotent(self):
        self.node.start()
        self.take(self.node.accept())
        self.assertEqual(self.node.end(signal.SIGTERM), -signal.SIGTERM)
        for _ in range(2):
            done = self.node.run('--remove')
            self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIsNone(link())
        self.assertEqual(ip('-6', 'route', 'show', 'type', 'throw'), [])

    def test_remove_refuses_a_device_that_is_no_tun(self):
        self.node.config('tun:\n  name: lo\n')
        done = self.node.run('--remove')
        self.assertEqual(done.returncode, 1)
        self.assertIn('remove device lo: Invalid argument', done.stderr)

    def test_remove_leaves_another_programs_device_alone(self):
        subprocess.run(['ip', 'tuntap', 'add', 'foreign0', 'mode', 'tun'], check=True)
        self.addCleanup(subprocess.run, ['ip', 'link', 'del', 'foreign0'])
        self.node.config('tun:\n  name: foreign0\n')
        done = self.node.run('--remove')
        self.assertEqual(done.returncode, 1)
        self.assertIn('foreign0: Operation not permitted', done.stderr)
        subprocess.run(['ip', 'link', 'show', 'foreign0'], check=True, capture_output=True)

    def refusal(self):
        environment = dict(os.environ, LISTEN_FDS='1', LISTEN_FDNAMES='tun-helper.operator')
        inherited = self.node.operator.fileno()
        done = subprocess.run(
            ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', *self.node.command()], env=environment,
            pass_fds=(3,), preexec_fn=lambda: os.dup2(inherited, 3), capture_output=True,
            text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIsNone(link())
        return done.stderr

    def test_a_wrong_config_names_file_line_and_key(self):
        self.node.config('name: test\ntun:\n  name: far-too-long-a-name\n')
        self.assertIn('etc/covfefenet.yaml:3: tun.name', self.refusal())

    def test_a_missing_identity_is_named(self):
        os.unlink(f'{self.node.root}/etc/covfefe/identity.yaml')
        self.assertIn('identity.yaml: No such file or directory', self.refusal())

    def test_a_device_of_another_kind_is_refused(self):
        self.node.config('tun:\n  name: lo\n')
        self.assertIn('TUNSETIFF lo: ', self.refusal())


def main():
    if os.geteuid() != 0:
        print('skipped: needs root')
        return 77
    if '--inside' not in sys.argv:
        os.execvp('unshare', ['unshare', '--net', '--', sys.executable, __file__, '--inside',
                              *sys.argv[1:]])
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    TunHelper.binary = sys.argv[-1]
    done = unittest.main(argv=sys.argv[:1], exit=False, verbosity=1)
    return 0 if done.result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
