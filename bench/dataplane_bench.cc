// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What the wire costs: header, sealing and opening, XOR parity, duplicate window, jitter buffer.
 *
 * Every benchmark reports nanoseconds and heap allocations per packet (none once warm). Those with
 * a bound of the literature or of a library time both sides in turn, in blocks of a few
 * microseconds, and report the median of the blocks' ratios, so that the machine's moods cancel.
 */
#include "meter.h"
#include "sdwan-dedup-window.h"
#include "sdwan-fec.h"
#include "sdwan-jitter-buffer.h"
#include "sdwan-secure-tunnel.h"
#include "sdwan-xor.h"

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <cstring>
#include <openssl/evp.h>

#if __has_include(<isa-l.h>) && defined(WEFT_HAVE_ISAL)
#include <isa-l.h>
#define WEFT_BENCH_ISAL 1
#endif

namespace
{

using namespace weft::bench;
using namespace weft::sdwan;
using namespace std::chrono_literals;

VcmpHeader
DataHeader()
{
    return {.flags = vcmp::DATA | vcmp::FEC_PROTECTED, .flow = 77, .flowSequence = 1};
}

void
BM_Encode(benchmark::State& state)
{
    VcmpHeader header = DataHeader();
    std::uint8_t out[VCMP_HEADER_SIZE];
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        ++header.sequence;
        Encode(header, out);
        benchmark::DoNotOptimize(out);
        benchmark::ClobberMemory();
    }
    meter.Report();
}

BENCHMARK(BM_Encode);

void
BM_Decode(benchmark::State& state)
{
    std::uint8_t bytes[VCMP_HEADER_SIZE];
    Encode(DataHeader(), bytes);
    VcmpHeader header;
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(bytes);
        benchmark::DoNotOptimize(Decode(bytes, header));
        benchmark::DoNotOptimize(header);
    }
    meter.Report();
}

BENCHMARK(BM_Decode);

SecureTunnelConfig
Crypto(CipherSuite suite, bool initiator)
{
    return {
        .suite = suite, .secret = Bytes(32, 0x42), .initiator = initiator, .rekeyInterval = NEVER};
}

void
BM_Seal(benchmark::State& state, CipherSuite suite)
{
    SecureTunnel tunnel(Crypto(suite, true));
    const Bytes payload(static_cast<std::size_t>(state.range(0)), 0x17);
    const VcmpHeader header = DataHeader();
    Bytes out;
    out.reserve(2048);
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        out.clear();
        tunnel.Seal(header, payload, out, 5s);
        benchmark::DoNotOptimize(out.data());
    }
    meter.Report();
}

BENCHMARK_CAPTURE(BM_Seal, aes128, CipherSuite::Aes128Gcm)->Arg(64)->Arg(200)->Arg(1400);
BENCHMARK_CAPTURE(BM_Seal, aes256, CipherSuite::Aes256Gcm)->Arg(1400);
BENCHMARK_CAPTURE(BM_Seal, null, CipherSuite::Null)->Arg(64)->Arg(1400);

/// A supply of sealed datagrams: opening one twice would be a replay.
std::vector<Bytes>
Sealed(CipherSuite suite, std::size_t size, std::size_t count)
{
    SecureTunnel tunnel(Crypto(suite, true));
    const Bytes payload(size, 0x17);
    std::vector<Bytes> all(count);
    for (Bytes& datagram : all)
    {
        datagram.reserve(size + VCMP_HEADER_SIZE + VCMP_TAG_SIZE);
        tunnel.Seal(DataHeader(), payload, datagram, 5s);
    }
    return all;
}

constexpr std::size_t SUPPLY = 4096;

void
BM_Open(benchmark::State& state, CipherSuite suite)
{
    const auto supply = Sealed(suite, static_cast<std::size_t>(state.range(0)), SUPPLY);
    auto tunnel = std::make_unique<SecureTunnel>(Crypto(suite, false));
    std::size_t next = 0;
    std::uint64_t opened = 0;
    tunnel->Open(supply[next++], 5s);
    std::uint64_t allocations = 0;
    for (auto _ : state)
    {
        if (next == SUPPLY)
        {
            state.PauseTiming();
            tunnel = std::make_unique<SecureTunnel>(Crypto(suite, false));
            next = 0;
            tunnel->Open(supply[next++], 5s); // sizes its buffer
            state.ResumeTiming();
        }
        const std::uint64_t before = Allocations();
        opened += tunnel->Open(supply[next++], 5s).reason == DropReason::None ? 1 : 0;
        allocations += Allocations() - before;
    }
    state.counters["allocs/packet"] =
        static_cast<double>(allocations) / static_cast<double>(state.iterations());
    if (opened != static_cast<std::uint64_t>(state.iterations()))
    {
        state.SkipWithError("a datagram was refused");
    }
}

BENCHMARK_CAPTURE(BM_Open, aes128, CipherSuite::Aes128Gcm)->Arg(64)->Arg(200)->Arg(1400);
BENCHMARK_CAPTURE(BM_Open, aes256, CipherSuite::Aes256Gcm)->Arg(1400);
BENCHMARK_CAPTURE(BM_Open, null, CipherSuite::Null)->Arg(64)->Arg(1400);

/// The bare library call: context reused, only the IV set, 16 bytes of header authenticated; and
/// two copies of the payload.
class Bare
{
  public:
    Bare(CipherSuite suite, bool seal, std::size_t size)
        : m_context(EVP_CIPHER_CTX_new()), m_seal(seal), m_in(size, 0x17), m_staged(size),
          m_out(size + TAG_SIZE), m_copy(size)
    {
        const Bytes key(32, 9);
        EVP_CipherInit_ex(m_context,
                          suite == CipherSuite::Aes128Gcm ? EVP_aes_128_gcm() : EVP_aes_256_gcm(),
                          nullptr,
                          key.data(),
                          nullptr,
                          seal ? 1 : 0);
    }

    ~Bare()
    {
        EVP_CIPHER_CTX_free(m_context);
    }

    Bare(const Bare&) = delete;
    Bare& operator=(const Bare&) = delete;

    void
    Run()
    {
        const int size = static_cast<int>(m_in.size());
        int n = 0;
        ++m_iv[11];
        std::memcpy(m_staged.data(), m_in.data(), m_in.size());
        benchmark::DoNotOptimize(m_staged.data());
        benchmark::ClobberMemory();
        if (m_seal)
        {
            EVP_EncryptInit_ex(m_context, nullptr, nullptr, nullptr, m_iv);
            EVP_EncryptUpdate(m_context, nullptr, &n, m_aad, sizeof m_aad);
            EVP_EncryptUpdate(m_context, m_out.data(), &n, m_staged.data(), size);
            EVP_EncryptFinal_ex(m_context, m_out.data() + size, &n);
            EVP_CIPHER_CTX_ctrl(m_context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, m_out.data() + size);
        }
        else
        {
            EVP_DecryptInit_ex(m_context, nullptr, nullptr, nullptr, m_iv);
            EVP_DecryptUpdate(m_context, nullptr, &n, m_aad, sizeof m_aad);
            EVP_DecryptUpdate(m_context, m_out.data(), &n, m_staged.data(), size);
            EVP_CIPHER_CTX_ctrl(m_context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, m_tag);
            // A random tag does not match; the comparison costs the same.
            benchmark::DoNotOptimize(EVP_DecryptFinal_ex(m_context, m_out.data() + size, &n));
        }
        std::memcpy(m_copy.data(), m_out.data(), m_copy.size());
        benchmark::DoNotOptimize(m_copy.data());
        benchmark::ClobberMemory();
    }

  private:
    EVP_CIPHER_CTX* m_context;
    bool m_seal;
    Bytes m_in;
    Bytes m_staged;
    Bytes m_out;
    Bytes m_copy;
    std::uint8_t m_iv[NONCE_SIZE] = {};
    std::uint8_t m_aad[VCMP_HEADER_SIZE] = {};
    std::uint8_t m_tag[TAG_SIZE] = {};
};

void
BM_SealAgainstBareCall(benchmark::State& state, CipherSuite suite)
{
    const auto size = static_cast<std::size_t>(state.range(0));
    SecureTunnel tunnel(Crypto(suite, true));
    Bare bare(suite, true, size);
    const Bytes payload(size, 0x17);
    const VcmpHeader header = DataHeader();
    Bytes out;
    out.reserve(2048);
    Against(
        state,
        32,
        [&] {
            out.clear();
            tunnel.Seal(header, payload, out, 5s);
            benchmark::DoNotOptimize(out.data());
        },
        [&] { bare.Run(); });
}

BENCHMARK_CAPTURE(BM_SealAgainstBareCall, aes128, CipherSuite::Aes128Gcm)
    ->Arg(64)
    ->Arg(200)
    ->Arg(1400)
    ->UseManualTime();
BENCHMARK_CAPTURE(BM_SealAgainstBareCall, aes256, CipherSuite::Aes256Gcm)
    ->Arg(1400)
    ->UseManualTime();

void
BM_OpenAgainstBareCall(benchmark::State& state, CipherSuite suite)
{
    const auto size = static_cast<std::size_t>(state.range(0));
    const auto supply = Sealed(suite, size, SUPPLY);
    SecureTunnel tunnel(Crypto(suite, false));
    Bare bare(suite, false, size);
    std::size_t next = 0;
    // After one round through the supply every datagram would be a replay, which costs next to
    // nothing: so this benchmark ends there.
    Against(
        state,
        32,
        [&] {
            if (next < SUPPLY)
            {
                benchmark::DoNotOptimize(tunnel.Open(supply[next++], 5s));
            }
        },
        [&] { bare.Run(); });
    if (tunnel.Counters().opened != next)
    {
        state.SkipWithError("a datagram was refused");
    }
}

BENCHMARK_CAPTURE(BM_OpenAgainstBareCall, aes128, CipherSuite::Aes128Gcm)
    ->Arg(64)
    ->Arg(200)
    ->Arg(1400)
    ->Iterations(SUPPLY / 32 - 1)
    ->UseManualTime();

void
BM_FecEncode(benchmark::State& state)
{
    FecEncoder encoder({.data = 4});
    const Bytes payload(static_cast<std::size_t>(state.range(0)), 0x17);
    VcmpHeader header = DataHeader();
    Bytes parity;
    parity.reserve(2048);
    for (int i = 0; i < 16; ++i)
    {
        ++header.sequence;
        encoder.Feed(header, payload, 0s);
        VcmpHeader out;
        while (encoder.PollParity(0s, out, parity))
        {
            parity.clear();
        }
    }
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        ++header.sequence;
        encoder.Feed(header, payload, 0s);
        VcmpHeader out;
        while (encoder.PollParity(0s, out, parity))
        {
            benchmark::DoNotOptimize(parity.data());
            parity.clear();
        }
    }
    meter.Report();
}

BENCHMARK(BM_FecEncode)->Arg(200)->Arg(1400);

/// One block of 4 + 1 with (argument 1) or without a loss, through the decoder. Reported for one
/// data packet.
void
BM_FecDecode(benchmark::State& state)
{
    const Bytes payload(static_cast<std::size_t>(state.range(0)), 0x17);
    const bool lose = state.range(1) != 0;
    FecEncoder encoder({.data = 4});
    FecDecoder decoder;
    VcmpHeader header = DataHeader();
    Bytes parity;
    parity.reserve(2048);
    std::uint64_t rebuilt = 0;
    const auto block = [&](bool timed) {
        VcmpHeader sent[4];
        for (auto& h : sent)
        {
            ++header.sequence;
            h = header;
            encoder.Feed(header, payload, 0s);
        }
        VcmpHeader parityHeader;
        parity.clear();
        encoder.PollParity(0s, parityHeader, parity);
        const double start = timed ? Seconds() : 0;
        for (int i = lose ? 1 : 0; i < 4; ++i)
        {
            decoder.OnData(sent[i], payload, 0s);
        }
        decoder.OnParity(parityHeader, parity, 0s);
        ByteView out;
        VcmpHeader outHeader;
        while (decoder.PollRebuilt(outHeader, out))
        {
            ++rebuilt;
        }
        return timed ? Seconds() - start : 0;
    };
    for (int i = 0; i < 300; ++i)
    {
        block(false); // every slot of the ring gets its buffer
    }
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        state.SetIterationTime(block(true) / 4);
    }
    meter.Report(4);
    state.counters["rebuilt/block"] =
        static_cast<double>(rebuilt) / (static_cast<double>(state.iterations()) + 300);
}

BENCHMARK(BM_FecDecode)->Args({200, 0})->Args({1400, 0})->Args({1400, 1})->UseManualTime();

void
BM_XorInto(benchmark::State& state)
{
    Bytes a(static_cast<std::size_t>(state.range(0)), 1);
    const Bytes b(a.size(), 2);
    for (auto _ : state)
    {
        XorInto(a.data(), b.data(), a.size());
        benchmark::DoNotOptimize(a.data());
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(BM_XorInto)->Arg(64)->Arg(200)->Arg(1400)->Arg(1412);

#ifdef WEFT_BENCH_ISAL

/**
 * Parity of k packets of 1408 bytes (xor_gen wants aligned vectors), against one pass of ISA-L's
 * xor_gen. Packets at hand (the decoder's case): one pass as well. Packets as they come (the
 * encoder's): a copy and k - 1 additions.
 */
void
BM_ParityAgainstIsal(benchmark::State& state, bool streaming)
{
    const auto k = static_cast<std::size_t>(state.range(0));
    constexpr std::size_t SIZE = 1408;
    auto* memory = static_cast<std::uint8_t*>(std::aligned_alloc(64, (k + 2) * SIZE));
    for (std::size_t i = 0; i < (k + 2) * SIZE; ++i)
    {
        memory[i] = static_cast<std::uint8_t>(i * 7 + i / SIZE);
    }
    std::vector<void*> vectors;
    std::vector<const std::uint8_t*> sources;
    for (std::size_t i = 0; i <= k; ++i)
    {
        vectors.push_back(memory + i * SIZE);
        sources.push_back(memory + i * SIZE);
    }
    std::uint8_t* mine = memory + (k + 1) * SIZE;
    Against(
        state,
        64,
        [&] {
            if (streaming)
            {
                std::memcpy(mine, sources[0], SIZE);
                for (std::size_t i = 1; i < k; ++i)
                {
                    XorInto(mine, sources[i], SIZE);
                }
            }
            else
            {
                XorAll(mine, sources.data(), k, SIZE);
            }
            benchmark::DoNotOptimize(mine);
            benchmark::ClobberMemory();
        },
        [&] {
            xor_gen(static_cast<int>(k + 1), static_cast<int>(SIZE), vectors.data());
            benchmark::ClobberMemory();
        });
    if (std::memcmp(mine, vectors[k], SIZE) != 0)
    {
        state.SkipWithError("the two parities differ");
    }
    std::free(memory);
}

BENCHMARK_CAPTURE(BM_ParityAgainstIsal, packets_at_hand, false)
    ->Arg(2)
    ->Arg(4)
    ->Arg(8)
    ->Arg(10)
    ->UseManualTime();
BENCHMARK_CAPTURE(BM_ParityAgainstIsal, packets_as_they_come, true)
    ->Arg(2)
    ->Arg(4)
    ->Arg(8)
    ->Arg(10)
    ->UseManualTime();

#endif

void
BM_Dedup(benchmark::State& state)
{
    DedupWindow window(1024);
    std::uint32_t s = 0;
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        // Each sequence twice, the copy 30 packets behind.
        benchmark::DoNotOptimize(window.Accept((s >> 1) - (s & 1 ? 30 : 0)));
        s = (s + 1) & 0x1ffffff;
    }
    meter.Report();
}

BENCHMARK(BM_Dedup);

/// Every fourth packet comes one place late: it opens a gap, the next is held, the late one frees
/// both.
void
BM_JitterBuffer(benchmark::State& state)
{
    const bool reorder = state.range(1) != 0;
    JitterBuffer buffer;
    buffer.SetHold(50ms);
    const Bytes payload(static_cast<std::size_t>(state.range(0)), 0x17);
    TimeNs now = 0s;
    std::uint32_t s = 0;
    const auto step = [&] {
        std::uint32_t at = s & 0xffffff;
        if (reorder && (s & 3) == 1)
        {
            at = (s + 1) & 0xffffff;
        }
        else if (reorder && (s & 3) == 2)
        {
            at = (s - 1) & 0xffffff;
        }
        ++s;
        now += 1ms;
        benchmark::DoNotOptimize(buffer.OnPacket(at, payload, now));
        JitterBuffer::Released released;
        while (buffer.PollRelease(now, released))
        {
            benchmark::DoNotOptimize(released);
        }
    };
    for (int i = 0; i < 64; ++i)
    {
        step();
    }
    const AllocationMeter meter(state);
    for (auto _ : state)
    {
        step();
    }
    meter.Report();
}

BENCHMARK(BM_JitterBuffer)->Args({200, 0})->Args({200, 1})->Args({1400, 1});

} // namespace
