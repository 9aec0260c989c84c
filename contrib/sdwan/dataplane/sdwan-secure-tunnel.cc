// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-secure-tunnel.h"

#include <stdexcept>
#include <string>

namespace weft::sdwan
{

namespace
{

/// At most 2 * 2^29 packets go out in an epoch, and two epochs are alive: live sequences are less
/// than 2^31 apart.
constexpr std::uint32_t MAX_PACKETS_PER_KEY = std::uint32_t{1} << 29;

void
Check(const SecureTunnelConfig& config)
{
    if (config.rekeyInterval <= TimeNs::zero())
    {
        throw std::invalid_argument("tunnel rekeyInterval: must be above 0");
    }
    if (config.overlap < TimeNs::zero() || config.overlap >= config.rekeyInterval)
    {
        throw std::invalid_argument(
            "tunnel overlap: must be at least 0 and less than rekeyInterval");
    }
    if (config.packetsPerKey < 1 || config.packetsPerKey > MAX_PACKETS_PER_KEY)
    {
        throw std::invalid_argument(
            "tunnel packetsPerKey: " + std::to_string(config.packetsPerKey) + "; must be 1..2^29");
    }
}

} // namespace

SecureTunnel::SecureTunnel(const SecureTunnelConfig& config, TimeNs now)
    : m_config((Check(config), config)), m_schedule(config.suite, config.secret), m_epochStart(now),
      m_heardStart(now), m_nextSequence(config.firstSequence), m_window(config.replayWindow)
{
    m_config.secret.clear();
    EnterEpoch(0, now);
}

void
SecureTunnel::EnterEpoch(std::uint32_t epoch, TimeNs now)
{
    const auto mine =
        m_config.initiator ? KeyDirection::FromInitiator : KeyDirection::FromResponder;
    const auto theirs =
        m_config.initiator ? KeyDirection::FromResponder : KeyDirection::FromInitiator;
    m_epoch = epoch;
    m_epochStart = now;
    m_sealedInEpoch = 0;
    m_sendKey = m_schedule.Derive(mine, epoch, Cipher::Use::Seal);
    // The next epoch's key is made ahead, so that opening its first datagram costs what every other
    // does.
    const std::uint32_t from = epoch == 0 ? 0 : epoch + 1;
    for (std::uint32_t e = from; e <= epoch + 1; ++e)
    {
        m_receiveKeys[e & 3] = m_schedule.Derive(theirs, e, Cipher::Use::Open);
    }
    m_receiveKeys[(epoch + 2) & 3] = {};
}

void
SecureTunnel::RekeyIfDue(TimeNs now)
{
    const bool due =
        now - m_epochStart >= m_config.rekeyInterval || m_sealedInEpoch >= m_config.packetsPerKey;
    // Not before the peer was heard in this epoch, and its stragglers of the one before have had
    // their time.
    if (due && m_heardEpoch == m_epoch && now - m_heardStart >= m_config.overlap)
    {
        EnterEpoch(m_epoch + 1, now);
        ++m_counters.epochChanges;
    }
}

bool
SecureTunnel::Seal(VcmpHeader header, ByteView payload, Bytes& out, TimeNs now)
{
    RekeyIfDue(now);
    if (m_sealedInEpoch >= 2 * m_config.packetsPerKey)
    {
        ++m_counters.exhausted;
        return false;
    }
    header.epoch = m_epoch & 3;
    header.timestamp = ToTimestamp(now);
    header.sequence = m_nextSequence++;
    ++m_sealedInEpoch;
    ++m_counters.sealed;
    const std::size_t start = out.size();
    out.resize(start + VCMP_HEADER_SIZE + payload.size() + TAG_SIZE);
    std::uint8_t* datagram = out.data() + start;
    Encode(header, datagram);
    m_sendKey.cipher->Seal(m_sendKey.NonceOf(m_epoch, header.sequence),
                           {datagram, VCMP_HEADER_SIZE},
                           payload,
                           datagram + VCMP_HEADER_SIZE);
    return true;
}

EpochKey*
SecureTunnel::ReceiveKey(std::uint8_t wireEpoch, std::uint32_t& epoch, TimeNs now)
{
    switch ((wireEpoch - m_epoch) & 3)
    {
    case 0:
        epoch = m_epoch;
        break;
    case 1:
        epoch = m_epoch + 1;
        break;
    case 3:
        // Not yet heard in ours: the peer still lawfully sends in the previous one, however long
        // that lasts.
        if (m_epoch == 0 || (m_heardEpoch == m_epoch && now - m_heardStart > m_config.overlap))
        {
            return nullptr;
        }
        epoch = m_epoch - 1;
        break;
    default:
        return nullptr;
    }
    return &m_receiveKeys[epoch & 3];
}

SecureTunnel::Opened
SecureTunnel::Refuse(DropReason reason)
{
    ++m_counters.refused[static_cast<std::size_t>(reason)];
    return {reason, {}, {}};
}

SecureTunnel::Opened
SecureTunnel::Open(ByteView datagram, TimeNs now)
{
    Opened opened;
    opened.reason = Decode(datagram, opened.header);
    if (opened.reason != DropReason::None)
    {
        return Refuse(opened.reason);
    }
    if (datagram.size() < VCMP_HEADER_SIZE + TAG_SIZE)
    {
        return Refuse(DropReason::Truncated);
    }
    std::uint32_t epoch = 0;
    EpochKey* key = ReceiveKey(opened.header.epoch, epoch, now);
    if (key == nullptr)
    {
        return Refuse(DropReason::UnknownEpoch);
    }
    const std::uint32_t sequence = opened.header.sequence;
    switch (m_window.Look(sequence))
    {
    case ReplayWindow::State::Seen:
        return Refuse(DropReason::Replayed);
    case ReplayWindow::State::TooOld:
        return Refuse(DropReason::TooOld);
    default:
        break;
    }
    const ByteView sealed = datagram.subspan(VCMP_HEADER_SIZE);
    const std::size_t size = sealed.size() - TAG_SIZE;
    if (m_plain.size() < size)
    {
        m_plain.resize(size);
    }
    if (!key->cipher->Open(key->NonceOf(epoch, sequence),
                           datagram.first(VCMP_HEADER_SIZE),
                           sealed,
                           m_plain.data()))
    {
        return Refuse(DropReason::AuthenticationFailed);
    }
    // Only from here on may anything change.
    m_window.Mark(sequence);
    ++m_counters.opened;
    if (epoch > m_epoch)
    {
        EnterEpoch(epoch, now);
        ++m_counters.epochChanges;
    }
    if (epoch > m_heardEpoch)
    {
        m_heardEpoch = epoch;
        m_heardStart = now;
    }
    opened.plaintext = {m_plain.data(), size};
    return opened;
}

} // namespace weft::sdwan
