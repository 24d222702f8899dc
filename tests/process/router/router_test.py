# SPDX-License-Identifier: Apache-2.0
"""The real router in a network namespace of its own; this script plays the launcher, every service
around it and a hostile world. Argument: the router's binary. Needs root; the namespace, and with it
every device, ends with this process."""
import fcntl
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PATIENCE = 20  # seconds that a step may take on a machine under load
USER = 63631  # the reserved number, for roots other than /
STREAMS = ['router.keystore', 'router.peerdb', 'router.shaper', 'router.operator']
PACKETS = ['router.shaper-fd', 'router.tun']
WIRE = ['wire.control', 'wire.data0', 'wire.data1']
BINARY = None


def eventually(what, condition):
    end = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'{what}: not within {PATIENCE} s')
        time.sleep(0.01)  # a poll, bounded by PATIENCE; no result depends on its length


def make_tun(name):
    """A TUN device as the helper makes it; its descriptor."""
    fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', name.encode(), 0x0001 | 0x1000))
    subprocess.run(['ip', 'link', 'set', name, 'addrgenmode', 'none', 'mtu', '1280', 'up'], check=True)
    subprocess.run(['ip', 'addr', 'add', 'fd12::1/128', 'dev', name, 'nodad'], check=True)
    subprocess.run(['ip', 'route', 'add', 'fd00::/8', 'dev', name, 'src', 'fd12::1'], check=True)
    return fd


def open_files(pid):
    """Number and target of each descriptor; one that is closed while we look is left out."""
    out = {}
    for number in os.listdir(f'/proc/{pid}/fd'):
        try:
            out[int(number)] = os.readlink(f'/proc/{pid}/fd/{number}')
        except FileNotFoundError:
            pass
    return out


def handover(name='cvtest0', mtu=1280):
    return b'cvtunfd1' + struct.pack('<II16s', 1, mtu, name.encode())


class Node:
    """A root directory, the inherited sockets and the router that holds them."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix='covfefe-router-')
        os.chmod(self.root, 0o755)
        os.makedirs(f'{self.root}/etc/covfefe')
        os.makedirs(f'{self.root}/run/covfefe')
        with open(f'{self.root}/etc/covfefenet.yaml', 'w') as file:
            file.write('name: test\n')
        self.identity()
        self.sockets = [(name, self.listener(name, socket.SOCK_STREAM)) for name in STREAMS]
        self.sockets += [(name, self.listener(name, socket.SOCK_SEQPACKET)) for name in PACKETS]
        self.wire = []
        for name in WIRE:
            udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            udp.bind(('::', 0))
            self.wire.append(udp)
            self.sockets.append((name, udp))
        self.log = open(f'{self.root}/log', 'w+')
        self.process = None

    def identity(self):
        with open(f'{self.root}/etc/covfefe/identity.yaml', 'w') as file:
            file.write(f'covfefe_card: 1\nname: test\nidentity_key: "{"11" * 32}"\n'
                       f'static_key: "{"22" * 32}"\nstatic_sig: "{"33" * 64}"\n'
                       f'service_key: "{"44" * 32}"\naddress: "fd12::1"\n')

    def path(self, name):
        return f'{self.root}/run/covfefe/{name}.sock'

    def listener(self, name, kind):
        made = socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK)
        made.bind(self.path(name))
        made.listen(16)
        return made

    def start(self, *more):
        """Hands the sockets over as numbers 3, 4, … by the LISTEN_FDS protocol."""
        # LISTEN_PID is known only to the process that becomes the router.
        become = ('import os, sys\n'
                  'count = int(sys.argv[1])\n'
                  'for i in range(count):\n'
                  '    os.dup2(int(sys.argv[2 + i]), 3 + i)\n'
                  '    os.close(int(sys.argv[2 + i]))\n'
                  'os.environ["LISTEN_PID"] = str(os.getpid())\n'
                  'os.execv(sys.argv[2 + count], sys.argv[2 + count:])\n')
        copies = [fcntl.fcntl(made.fileno(), fcntl.F_DUPFD, 200) for _, made in self.sockets]
        environment = dict(os.environ, LISTEN_FDS=str(len(copies)),
                           LISTEN_FDNAMES=':'.join(name for name, _ in self.sockets))
        self.process = subprocess.Popen(
            [sys.executable, '-c', become, str(len(copies)), *map(str, copies),
             BINARY, '--root', self.root, '--jail-unknown=kill', *more],
            env=environment, pass_fds=copies, stderr=self.log, stdout=self.log)
        for copy in copies:
            os.close(copy)
        return self.process

    def status(self):
        with open(f'/proc/{self.process.pid}/status') as file:
            return dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)

    def serving(self):
        """Behind the wall, with both threads."""
        if self.process.poll() is not None:
            raise AssertionError(f'the router ended with {self.process.returncode}: {self.said()}')
        try:
            state = self.status()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state.get('Name') == 'covfefe-router' and state['Seccomp'] == '2' and \
            state['Threads'] == '2'

    def said(self):
        self.log.flush()
        with open(f'{self.root}/log') as file:
            return file.read()

    def connect(self, name, kind=socket.SOCK_STREAM):
        made = socket.socket(socket.AF_UNIX, kind)
        made.settimeout(PATIENCE)
        made.connect(self.path(name))
        return made

    def hand_over(self, tun, payload=None):
        helper = self.connect('router.tun', socket.SOCK_SEQPACKET)
        socket.send_fds(helper, [payload if payload is not None else handover()], [tun])
        return helper

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for _, made in self.sockets:
            made.close()
        self.log.close()
        shutil.rmtree(self.root)


def hung_up(connection):
    """The router closed its end; what it still said is read away."""
    connection.setblocking(False)
    try:
        return connection.recv(65536) == b''
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


class RouterProcess(unittest.TestCase):
    def setUp(self):
        self.node = Node()
        self.addCleanup(self.node.end)
        self.chance = random.Random(7)

    def up(self):
        self.node.start()
        # The library's trial behind the filter has a second thread for a moment, too.
        eventually('the router serves', lambda: 'jailed' in self.node.said() and self.node.serving())

    def still_serving(self):
        """Both threads answer: the data thread takes a descriptor, the control thread says so."""
        self.assertTrue(self.node.serving(), self.node.said())
        before = self.node.said().count('tun=yes')
        reading, writing = os.pipe2(os.O_NONBLOCK)
        helper = self.node.hand_over(reading)
        eventually('the descriptor is taken', lambda: self.node.said().count('tun=yes') > before)
        helper.close()
        os.close(reading)
        os.close(writing)

    def test_it_is_jailed_before_it_serves(self):
        self.up()
        state = self.node.status()
        self.assertEqual(state['Uid'].split(), [str(USER)] * 4)
        self.assertEqual(state['Gid'].split(), [str(USER)] * 4)
        self.assertEqual(int(state['CapEff'], 16), 0)
        self.assertEqual(int(state['CapBnd'], 16), 0)
        self.assertEqual(state['NoNewPrivs'], '1')
        for task in os.listdir(f'/proc/{self.node.process.pid}/task'):
            with open(f'/proc/{self.node.process.pid}/task/{task}/status') as file:
                self.assertIn('Seccomp:\t2', file.read())

    def test_its_udp_sockets_lie_above_the_wall_and_nothing_else_does(self):
        self.up()
        kinds = open_files(self.node.process.pid)
        ours = {f'socket:[{os.fstat(udp.fileno()).st_ino}]' for udp in self.node.wire}
        above = {kinds[number] for number in kinds if number >= 512}
        below = {kinds[number] for number in kinds if number < 512}
        self.assertEqual(above, ours)
        self.assertFalse(below & ours)

    def test_its_memory_is_bounded(self):
        self.up()
        status = self.node.status()
        resident, mapped = (int(status[key].split()[0]) for key in ('VmRSS', 'VmSize'))
        sanitized = mapped > 1 << 30  # the address sanitizer maps terabytes and never uses them
        self.assertLess(resident, (64 if sanitized else 32) * 1024)  # KiB

    def test_an_idle_router_sleeps(self):
        self.up()
        time.sleep(0.5)  # what happens at start is not idling
        def ticks():
            with open(f'/proc/{self.node.process.pid}/stat') as file:
                fields = file.read().rsplit(')', 1)[1].split()
            return int(fields[11]) + int(fields[12])
        before = ticks()
        time.sleep(2)  # the time over which it is measured
        self.assertLessEqual(ticks() - before, 1)  # of 10 ms

    def test_garbage_on_every_stream_edge_costs_that_connection_only(self):
        self.up()
        for name in STREAMS:
            for _ in range(8):
                with self.node.connect(name) as connection:
                    try:
                        connection.sendall(self.chance.randbytes(self.chance.randrange(1, 5000)))
                    except (BrokenPipeError, ConnectionResetError):
                        pass
        self.still_serving()

    def test_hostile_frames_end_the_connection(self):
        self.up()
        hostile = [b'\xff\xff\xff\xff' + bytes(4),  # a segment count that wraps to none
                   struct.pack('<II', 0, 0x7fffffff),  # 16 GiB
                   struct.pack('<IIQ', 0, 1, 0xffffffffffffffff),  # a pointer to nowhere
                   struct.pack('<II', 511, 0) + bytes(4 * 511)]
        for name in STREAMS:
            for frame in hostile:
                with self.node.connect(name) as connection:
                    connection.sendall(frame)
                    eventually(f'{name} hangs up', lambda: hung_up(connection))
        self.still_serving()

    def test_connections_beyond_the_bound_are_closed(self):
        self.up()
        held = [self.node.connect('router.operator') for _ in range(16)]
        extra = self.node.connect('router.operator')
        eventually('the seventeenth is closed', lambda: hung_up(extra))
        for connection in held + [extra]:
            connection.close()
        self.still_serving()

    def test_a_service_edge_belongs_to_the_newest(self):
        self.up()
        for name in ['router.keystore', 'router.peerdb', 'router.shaper']:
            first = self.node.connect(name)
            second = self.node.connect(name)
            eventually(f'the first on {name} is closed', lambda: hung_up(first))
            self.assertFalse(hung_up(second))
            first.close()
            second.close()
        self.still_serving()

    def test_a_shaper_that_never_answers_holds_nobody_up(self):
        self.up()
        for _ in range(20):
            held = self.node.connect('router.shaper')
            eventually('it is asked', lambda: select.select([held], [], [], 0)[0])
            self.addCleanup(held.close)
        self.still_serving()

    def test_what_is_no_hand_over_is_refused(self):
        self.up()
        with open('/dev/null') as null:
            for payload in [b'x', bytes(32), handover()[:31], handover() + b'x', handover(name='')]:
                helper = self.node.hand_over(null.fileno(), payload)
                eventually('the edge hangs up', lambda: hung_up(helper))
                helper.close()
        with self.node.connect('router.tun', socket.SOCK_SEQPACKET) as helper:
            helper.send(handover())  # without a descriptor
            eventually('the edge hangs up', lambda: hung_up(helper))
        self.assertNotIn('tun=yes', self.node.said())
        self.still_serving()

    def test_a_descriptor_that_is_no_device_is_dropped_at_its_first_use(self):
        self.up()
        reading, writing = os.pipe()
        helper = self.node.hand_over(reading)
        os.close(reading)
        os.close(writing)
        self.still_serving()
        helper.close()

    def test_garbage_on_the_frame_edge_is_refused(self):
        self.up()
        for _ in range(8):
            with self.node.connect('router.shaper-fd', socket.SOCK_SEQPACKET) as shaper:
                memory = os.memfd_create('offer')
                os.ftruncate(memory, 4096)
                socket.send_fds(shaper, [self.chance.randbytes(24)], [memory])
                os.close(memory)
                eventually('the edge hangs up', lambda: hung_up(shaper))
        self.still_serving()

    def test_a_flood_of_garbage_datagrams_is_swallowed(self):
        self.up()
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as stranger:
            sizes = [0, 1, 4, 64, 256, 1400, 1401, 9000]
            for udp in self.node.wire:
                where = ('::1', udp.getsockname()[1])
                for i in range(2000):
                    stranger.sendto(self.chance.randbytes(sizes[i % len(sizes)]), where)
                for kind in (1, 2, 3):
                    body = struct.pack('<I', kind) + self.chance.randbytes(252)
                    stranger.sendto(body, where)
        eventually('the sockets are empty', lambda: not self.queued())
        self.still_serving()

    def queued(self):
        ports = {udp.getsockname()[1] for udp in self.node.wire}
        with open('/proc/net/udp6') as file:
            rows = [line.split() for line in file.readlines()[1:]]
        return sum(int(row[4].split(':')[1], 16) for row in rows
                   if int(row[1].split(':')[1], 16) in ports)

    def test_a_device_is_taken_kept_and_replaced(self):
        self.up()
        tun = make_tun('cvtest0')
        helper = self.node.hand_over(tun)
        eventually('the device is attached', lambda: 'tun=yes' in self.node.said())
        helper.close()
        self.addCleanup(os.close, tun)
        held = lambda: '/dev/net/tun' in open_files(self.node.process.pid).values()
        self.assertTrue(held())
        self.assertNotIn('tun=no', self.node.said())
        again = self.node.hand_over(tun)
        eventually('the newer is attached', lambda: self.node.said().count('tun=yes') >= 2)
        self.assertTrue(held())
        again.close()
        self.still_serving()

    def test_without_a_shaper_the_device_is_not_read(self):
        self.up()
        tun = make_tun('cvtest1')
        helper = self.node.hand_over(tun, handover('cvtest1'))
        eventually('the device is attached', lambda: 'tun=yes' in self.node.said())
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as application:
            application.sendto(b'hello', ('fd99::1', 9))
        ready, _, _ = select.select([tun], [], [], PATIENCE)
        self.assertTrue(ready, 'the packet waits in the device')
        helper.close()
        os.close(tun)

    def test_it_says_what_is_missing_and_does_not_start(self):
        os.unlink(f'{self.node.root}/etc/covfefe/identity.yaml')
        self.assertEqual(self.node.start().wait(PATIENCE), 1)
        self.assertIn('identity.yaml', self.node.said())
        self.node.identity()
        with open(f'{self.node.root}/etc/covfefenet.yaml', 'a') as file:
            file.write('nonsense: 1\n')
        self.assertEqual(self.node.start().wait(PATIENCE), 1)
        self.assertIn('covfefenet.yaml:2', self.node.said())

    def test_a_missing_socket_is_named(self):
        self.node.sockets.pop()[1].close()  # the last one
        self.assertEqual(self.node.start().wait(PATIENCE), 1)
        self.assertIn('wire.data1', self.node.said())

    def test_killed_at_any_time_it_starts_again_on_the_same_sockets(self):
        for _ in range(3):
            self.up()
            self.node.process.send_signal(signal.SIGKILL)
            self.node.process.wait()


if __name__ == '__main__':
    BINARY = os.path.abspath(sys.argv.pop(1))
    if os.geteuid() != 0:
        print('skipped: needs root')
        sys.exit(77)
    if 'COVFEFE_IN_NAMESPACE' not in os.environ:
        os.environ['COVFEFE_IN_NAMESPACE'] = '1'
        os.execvp('unshare', ['unshare', '-n', sys.executable, os.path.abspath(__file__), BINARY,
                              *sys.argv[1:]])
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    unittest.main(verbosity=2)
