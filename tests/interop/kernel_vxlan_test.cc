// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file A simulated VTEP in real time against the VXLAN device of the Linux kernel. Not run without
 * root, network namespaces, tap and vxlan devices.
 *
 * @verbatim
 *   namespace "simulated"                          namespace "kernel"
 *   peer program - tap0 - br0 - under1 ======== under0 (10.96.0.1) - vx864 - br864 - vk - eth0
 * (.12) 10.96.0.2; machines .11 and .20                                          br864 - vx - eth0
 * (.20)
 * @endverbatim
 *
 * The machine with .20 and its MAC address is at one side at a time. Times are generous, and no
 * assertion is about how long anything took.
 */
#include "interop/net_namespace.h"

#include "netbase-arp.h"
#include "netbase-checksum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <linux/if_packet.h>
#include <memory>
#include <net/ethernet.h>
#include <poll.h>
#include <set>
#include <sys/prctl.h>
#include <thread>
#include <vector>

namespace
{

using namespace std::chrono_literals;
using weft::netbase::Bytes;
using weft::netbase::IpAddress;
using weft::netbase::MacAddress;
using weft::support::Descriptor;
using weft::support::NetNamespace;

constexpr int PINGS = 20;
constexpr std::uint32_t DATAGRAMS = 1000;
constexpr std::uint16_t PORT = 7000;
constexpr auto PATIENCE = 60s; ///< for anything the other program has to say
const char* const X_MAC = "02:00:00:00:00:20";

/// Why this machine cannot run it; empty if it can.
std::string
Impediment()
{
    if (geteuid() != 0)
    {
        return "not root";
    }
    try
    {
        const NetNamespace trial;
        for (const char* command :
             {"ip -V",
              "bridge -V",
              "ip link add try0 type veth peer name try1",
              "ip link add try2 type bridge",
              "ip tuntap add dev try3 mode tap",
              "ip link add try4 type vxlan id 1 dstport 4789 local 10.0.0.1 dev try0"})
        {
            const auto output = trial.Try(command);
            if (output.code != 0)
            {
                return std::string(command) + ": " + output.text;
            }
        }
    }
    catch (const std::runtime_error& error)
    {
        return error.what();
    }
    return "";
}

/// The peer program, and what it says.
class Peer
{
  public:
    Peer(const NetNamespace& where, const std::string& mode)
    {
        int in[2];
        int out[2];
        if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        {
            throw std::runtime_error("no pipe");
        }
        m_child = fork();
        if (m_child == 0)
        {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            dup2(in[0], STDIN_FILENO);
            dup2(out[1], STDOUT_FILENO);
            if (setns(where.Get(), CLONE_NEWNET) != 0)
            {
                _exit(126);
            }
            const std::string program = WEFT_BINARY_DIR "/tests/kernel-vxlan-peer";
            execl(program.c_str(), program.c_str(), "tap0", mode.c_str(), nullptr);
            _exit(127);
        }
        close(in[0]);
        close(out[1]);
        m_in = Descriptor(in[1]);
        m_out = Descriptor(out[0]);
    }

    ~Peer()
    {
        m_in = Descriptor();
        kill(m_child, SIGKILL);
        waitpid(m_child, nullptr, 0);
    }

    /// @return the next line; "silent" after PATIENCE, "gone" when there is no more
    std::string
    Read()
    {
        const auto until = std::chrono::steady_clock::now() + PATIENCE;
        for (;;)
        {
            const auto end = m_text.find('\n');
            if (end != std::string::npos)
            {
                const std::string line = m_text.substr(0, end);
                m_text.erase(0, end + 1);
                return line;
            }
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                until - std::chrono::steady_clock::now());
            pollfd ready{m_out.Get(), POLLIN, 0};
            if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) == 0)
            {
                return "silent";
            }
            char buffer[4096];
            const ssize_t size = read(m_out.Get(), buffer, sizeof buffer);
            if (size <= 0)
            {
                return "gone";
            }
            m_text.append(buffer, static_cast<std::size_t>(size));
        }
    }

    std::string
    Ask(const std::string& line)
    {
        const std::string text = line + "\n";
        if (write(m_in.Get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        {
            return "deaf";
        }
        return Read();
    }

  private:
    pid_t m_child = -1;
    Descriptor m_in;
    Descriptor m_out;
    std::string m_text;
};

/// A machine at the kernel's side: a namespace with one interface, eth0.
struct Machine
{
    NetNamespace space;

    /// @return how many of so many pings were answered
    int
    Ping(const std::string& to, int count) const
    {
        const Descriptor raw = space.Socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        inet_pton(AF_INET, to.c_str(), &address.sin_addr);
        const auto id = static_cast<std::uint16_t>(getpid());
        std::set<std::uint16_t> answered;
        for (int i = 0; i < count; ++i)
        {
            Bytes request(64);
            request[0] = 8; // echo request
            weft::netbase::Write16(&request[4], id);
            weft::netbase::Write16(&request[6], static_cast<std::uint16_t>(i));
            weft::netbase::Write16(&request[2], weft::netbase::Checksum(request));
            sendto(raw.Get(),
                   request.data(),
                   request.size(),
                   0,
                   reinterpret_cast<const sockaddr*>(&address),
                   sizeof address);
            const auto until = std::chrono::steady_clock::now() + (i + 1 < count ? 20ms : 3s);
            while (answered.size() < static_cast<std::size_t>(count))
            {
                const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                    until - std::chrono::steady_clock::now());
                pollfd ready{raw.Get(), POLLIN, 0};
                if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) == 0)
                {
                    break;
                }
                Bytes packet(2000);
                const ssize_t size = recv(raw.Get(), packet.data(), packet.size(), 0);
                if (size >= 28 && packet[20] == 0 && weft::netbase::Read16(&packet[24]) == id)
                {
                    answered.insert(weft::netbase::Read16(&packet[26]));
                }
            }
        }
        return static_cast<int>(answered.size());
    }

    /// Sends a gratuitous ARP request.
    void
    Announce(const std::string& mac, const std::string& address) const
    {
        Bytes frame;
        weft::netbase::BuildGarp(frame, *MacAddress::Parse(mac), *IpAddress::Parse(address));
        const Descriptor raw = space.Socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
        ifreq request{};
        std::string("eth0").copy(request.ifr_name, IFNAMSIZ - 1);
        ASSERT_EQ(ioctl(raw.Get(), SIOCGIFINDEX, &request), 0);
        sockaddr_ll to{};
        to.sll_family = AF_PACKET;
        to.sll_ifindex = request.ifr_ifindex;
        ASSERT_EQ(sendto(raw.Get(),
                         frame.data(),
                         frame.size(),
                         0,
                         reinterpret_cast<const sockaddr*>(&to),
                         sizeof to),
                  static_cast<ssize_t>(frame.size()));
    }

    /// @return a UDP socket on PORT
    Descriptor
    Udp() const
    {
        Descriptor made = space.Socket(AF_INET, SOCK_DGRAM, 0);
        const int room = 4 << 20;
        setsockopt(made.Get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(PORT);
        EXPECT_EQ(bind(made.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return made;
    }
};

/// Both sides, joined.
class KernelVxlan : public ::testing::TestWithParam<const char*>
{
  protected:
    void
    SetUp() override
    {
        const std::string impediment = Impediment();
        if (!impediment.empty())
        {
            GTEST_SKIP() << "not run: " << impediment;
        }
        const bool multicast = std::string(GetParam()) == "multicast";
        m_kernel = std::make_unique<NetNamespace>();
        m_simulated = std::make_unique<NetNamespace>();
        m_resident = std::make_unique<Machine>();
        m_traveller = std::make_unique<Machine>();
        for (const NetNamespace* space :
             {m_kernel.get(), m_simulated.get(), &m_resident->space, &m_traveller->space})
        {
            // Nothing but what the test sends.
            space->Try("for f in all default; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; "
                       "done");
            space->Run("ip link set lo up");
        }
        m_kernel->Run("ip link add under0 type veth peer name under1 netns " + m_simulated->Path());
        m_kernel->NoChecksumOffload("under0");
        m_kernel->Run("ip addr add 10.96.0.1/24 dev under0 && ip link set under0 mtu 1600 up");
        m_simulated->Run("ip link add br0 type bridge mcast_snooping 0 && "
                         "ip tuntap add dev tap0 mode tap && "
                         "for i in under1 tap0; do ip link set $i mtu 1600 master br0 up; done && "
                         "ip link set br0 mtu 1600 up");
        m_kernel->Run(std::string("ip link add vx864 type vxlan id 864 dstport 4789 "
                                  "local 10.96.0.1 dev under0 ") +
                      (multicast ? "group 239.0.3.96" : ""));
        m_kernel->Run("ip link add br864 type bridge mcast_snooping 0 && "
                      "ip link set vx864 mtu 1500 master br864 up && ip link set br864 up");
        if (!multicast)
        {
            m_kernel->Run("bridge fdb append 00:00:00:00:00:00 dev vx864 dst 10.96.0.2");
        }
        AddMachine(*m_resident, "vk", "02:00:00:00:00:12", "192.168.96.12");
        AddMachine(*m_traveller, "vx", X_MAC, "192.168.96.20");
        m_resident->space.Run("ip link set eth0 up");
        m_peer = std::make_unique<Peer>(*m_simulated, GetParam());
        ASSERT_EQ(m_peer->Read(), "ready");
        AwaitForwarding(*m_simulated, "under1");
        AwaitForwarding(*m_simulated, "tap0");
        AwaitForwarding(*m_kernel, "vx864");
        AwaitForwarding(*m_kernel, "vk");
    }

    /// The kernel tells a bridge of a carrier within a second or so; what is sent before is lost.
    static void
    AwaitForwarding(const NetNamespace& space, const std::string& port)
    {
        const auto until = std::chrono::steady_clock::now() + PATIENCE;
        std::string state;
        while (std::chrono::steady_clock::now() < until)
        {
            state = space.Run("bridge link show dev " + port);
            if (state.find("state forwarding") != std::string::npos)
            {
                return;
            }
            std::this_thread::sleep_for(50ms);
        }
        FAIL() << port << ": " << state;
    }

    void
    AddMachine(const Machine& machine,
               const std::string& port,
               const std::string& mac,
               const std::string& address)
    {
        m_kernel->Run("ip link add " + port + " type veth peer name eth0 netns " +
                      machine.space.Path());
        m_kernel->NoChecksumOffload(port);
        m_kernel->Run("ip link set " + port + " master br864 up");
        machine.space.NoChecksumOffload("eth0");
        machine.space.Run("ip link set eth0 address " + mac + " && ip addr add " + address +
                          "/24 dev eth0");
    }

    std::string
    Pings(const std::string& vm, const std::string& to)
    {
        return m_peer->Ask("ping " + vm + " " + to + " " + std::to_string(PINGS));
    }

    const std::string m_all = "answered " + std::to_string(PINGS);
    std::unique_ptr<NetNamespace> m_kernel;
    std::unique_ptr<NetNamespace> m_simulated;
    std::unique_ptr<Machine> m_resident;  ///< .12
    std::unique_ptr<Machine> m_traveller; ///< .20, while it is at the kernel's side
    std::unique_ptr<Peer> m_peer;
};

TEST_P(KernelVxlan, PingsBothWays)
{
    EXPECT_EQ(Pings("s1", "192.168.96.12"), m_all);
    EXPECT_EQ(m_peer->Ask("where 02:00:00:00:00:12"), "where 10.96.0.1");
    EXPECT_EQ(m_resident->Ping("192.168.96.11", PINGS), PINGS);
    const std::string fdb = m_kernel->Run("bridge fdb show dev vx864");
    EXPECT_NE(fdb.find("02:00:00:00:00:11 dst 10.96.0.2"), std::string::npos) << fdb;
}

TEST_P(KernelVxlan, PingsFromTheKernelFirst)
{
    // The kernel's ARP request is the first that anybody hears.
    EXPECT_EQ(m_resident->Ping("192.168.96.11", PINGS), PINGS);
    EXPECT_EQ(m_peer->Ask("where 02:00:00:00:00:12"), "where 10.96.0.1");
    EXPECT_EQ(Pings("s1", "192.168.96.12"), m_all);
}

TEST_P(KernelVxlan, CarriesDatagramsBothWays)
{
    const Descriptor udp = m_resident->Udp();
    const std::string count = std::to_string(DATAGRAMS);
    ASSERT_EQ(m_peer->Ask("send s1 192.168.96.12 " + count), "sent " + count);
    std::set<std::uint32_t> received;
    for (;;)
    {
        pollfd ready{udp.Get(), POLLIN, 0};
        if (received.size() == DATAGRAMS || poll(&ready, 1, 5000) == 0)
        {
            break;
        }
        Bytes datagram(2000);
        const ssize_t size = recv(udp.Get(), datagram.data(), datagram.size(), 0);
        ASSERT_EQ(size, 200);
        received.insert(weft::netbase::Read32(datagram.data()));
    }
    EXPECT_EQ(received.size(), DATAGRAMS);

    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(PORT);
    inet_pton(AF_INET, "192.168.96.11", &to.sin_addr);
    for (std::uint32_t i = 0; i < DATAGRAMS; ++i)
    {
        Bytes datagram(200);
        weft::netbase::Write32(datagram.data(), i);
        ASSERT_EQ(sendto(udp.Get(),
                         datagram.data(),
                         datagram.size(),
                         0,
                         reinterpret_cast<const sockaddr*>(&to),
                         sizeof to),
                  static_cast<ssize_t>(datagram.size()));
        std::this_thread::sleep_for(1ms);
    }
    const std::string all = "received " + count;
    std::string got;
    for (int i = 0; i < 50 && got != all; ++i)
    {
        std::this_thread::sleep_for(100ms);
        got = m_peer->Ask("received s1");
    }
    EXPECT_EQ(got, all) << m_peer->Ask("drops");
}

TEST_P(KernelVxlan, FollowsAMachineThatMovesEachWay)
{
    // At first it is simulated.
    EXPECT_EQ(m_resident->Ping("192.168.96.20", PINGS), PINGS);
    EXPECT_EQ(Pings("s1", "192.168.96.20"), m_all);
    std::string fdb = m_kernel->Run("bridge fdb show dev vx864");
    EXPECT_NE(fdb.find(std::string(X_MAC) + " dst 10.96.0.2"), std::string::npos) << fdb;

    // It moves to the kernel: the simulated VTEP learns that from the announcement alone.
    ASSERT_EQ(m_peer->Ask("detach x"), "ok");
    m_traveller->space.Run("ip link set eth0 up");
    AwaitForwarding(*m_kernel, "vx");
    m_traveller->Announce(X_MAC, "192.168.96.20");
    std::string where;
    for (int i = 0; i < 50 && where != "where 10.96.0.1"; ++i)
    {
        std::this_thread::sleep_for(100ms);
        where = m_peer->Ask(std::string("where ") + X_MAC);
    }
    EXPECT_EQ(where, "where 10.96.0.1");
    EXPECT_EQ(Pings("s1", "192.168.96.20"), m_all);
    EXPECT_EQ(m_resident->Ping("192.168.96.20", PINGS), PINGS);

    // And back: the kernel's tables learn it from ours.
    m_traveller->space.Run("ip link set eth0 down");
    ASSERT_EQ(m_peer->Ask("attach x"), "ok");
    const std::string back = std::string(X_MAC) + " dst 10.96.0.2";
    for (int i = 0; i < 50; ++i)
    {
        fdb = m_kernel->Run("bridge fdb show dev vx864");
        if (fdb.find(back) != std::string::npos)
        {
            break;
        }
        std::this_thread::sleep_for(100ms);
    }
    EXPECT_NE(fdb.find(back), std::string::npos) << fdb;
    EXPECT_EQ(m_resident->Ping("192.168.96.20", PINGS), PINGS);
    EXPECT_EQ(Pings("s1", "192.168.96.20"), m_all);
}

INSTANTIATE_TEST_SUITE_P(
    Flooding, KernelVxlan, ::testing::Values("head-end", "multicast"), [](const auto& info) {
        return std::string(info.param) == "multicast" ? "Multicast" : "HeadEnd";
    });

} // namespace
