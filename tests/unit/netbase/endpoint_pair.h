// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * End hosts on one Ethernet segment without delay: what one sends, all others hear.
 */
#ifndef NETBASE_ENDPOINT_PAIR_H
#define NETBASE_ENDPOINT_PAIR_H

#include "netbase-endpoint.h"
#include "netbase_test_util.h"

#include <functional>
#include <map>

namespace weft::netbase::test
{

class Segment
{
  public:
    /// Frames for which this is true are lost.
    std::function<bool(const Bytes&)> loses = [](const Bytes&) { return false; };
    std::vector<Bytes> wire; ///< frames sent, lost ones too
    std::map<IpEndpoint*, std::vector<Bytes>> delivered;
    TimeNs now{0};

    void
    Attach(IpEndpoint& host)
    {
        m_hosts.push_back(&host);
    }

    /// Exchanges frames until all are silent.
    void
    Settle()
    {
        for (bool busy = true; busy;)
        {
            busy = false;
            for (IpEndpoint* sender : m_hosts)
            {
                Bytes frame;
                while (sender->PollFrame(frame))
                {
                    busy = true;
                    wire.push_back(frame);
                    if (loses(frame))
                    {
                        continue;
                    }
                    for (IpEndpoint* receiver : m_hosts)
                    {
                        if (receiver != sender)
                        {
                            receiver->OnFrame(frame, now);
                        }
                    }
                }
                Bytes packet;
                while (sender->PollPacket(packet))
                {
                    delivered[sender].push_back(packet);
                }
            }
        }
    }

    /// Runs all timers up to an instant.
    void
    RunUntil(TimeNs end)
    {
        Settle();
        for (;;)
        {
            TimeNs next = NEVER;
            for (IpEndpoint* host : m_hosts)
            {
                next = std::min(next, host->NextDeadline());
            }
            if (next > end)
            {
                break;
            }
            now = std::max(now, next);
            for (IpEndpoint* host : m_hosts)
            {
                if (host->NextDeadline() <= now)
                {
                    host->OnDeadline(now);
                }
            }
            Settle();
        }
        now = end;
    }

  private:
    std::vector<IpEndpoint*> m_hosts;
};

inline EndpointConfig
HostConfig(unsigned number, bool v6 = false)
{
    EndpointConfig config;
    config.mac = MacAddress::FromInteger(0x005056000000 + number);
    config.address =
        v6 ? Ip("2001:db8::" + std::to_string(number)) : IpAddress::V4(0xc0a80000u + number);
    config.prefixLength = v6 ? 64 : 24;
    config.key = number;
    return config;
}

/// Two hosts or more, 192.168.0.1 and up or 2001:db8::1 and up.
struct Hosts
{
    explicit Hosts(
        unsigned count,
        bool v6 = false,
        const std::function<void(EndpointConfig&)>& change = [](EndpointConfig&) {})
    {
        for (unsigned i = 1; i <= count; ++i)
        {
            EndpointConfig config = HostConfig(i, v6);
            change(config);
            hosts.push_back(std::make_unique<IpEndpoint>(config, TimeNs(0)));
            segment.Attach(*hosts.back());
        }
    }

    IpEndpoint&
    operator[](std::size_t i)
    {
        return *hosts[i];
    }

    /// @return packets delivered to a host so far, which forgets them
    std::vector<Bytes>
    Delivered(std::size_t i)
    {
        segment.Settle();
        return std::exchange(segment.delivered[hosts[i].get()], {});
    }

    Segment segment;
    std::vector<std::unique_ptr<IpEndpoint>> hosts;
};

} // namespace weft::netbase::test

#endif
