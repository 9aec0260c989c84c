// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * From one tunnel secret to a key and an initialisation vector per direction and epoch: HKDF-SHA256
 * (RFC 5869).
 *
 *     PRK = HKDF-Extract(salt = "weft vcmp 1", secret)
 *     key || iv = HKDF-Expand(PRK, "vcmp" || suite (1) || direction (1) || epoch (4, network
 * order), KeySize + 12)
 *
 * The secret comes from the host. An authenticated key exchange takes its place by producing it;
 * nothing else changes.
 */
#ifndef SDWAN_KEY_SCHEDULE_H
#define SDWAN_KEY_SCHEDULE_H

#include "sdwan-cipher.h"

namespace weft::sdwan
{

/// Who sends: the end that opened the tunnel, or the other one.
enum class KeyDirection : std::uint8_t
{
    FromInitiator = 0,
    FromResponder = 1,
};

inline constexpr std::size_t SECRET_MIN_SIZE = 16;

/**
 * HKDF-SHA256, extract and expand.
 *
 * @param salt may be empty
 * @param secret input keying material
 * @param info context
 * @param[out] out filled; at most 8160 bytes
 */
void HkdfSha256(ByteView salt, ByteView secret, ByteView info, std::span<std::uint8_t> out);

/// A cipher with the vector that its nonces are made from.
struct EpochKey
{
    std::unique_ptr<Cipher> cipher;
    Nonce iv{};

    /// @return the nonce of a packet: iv XOR (zero (4) || epoch (4) || sequence (4)), as RFC 8446
    /// section 5.3 does it.
    Nonce NonceOf(std::uint32_t epoch, std::uint32_t sequence) const;
};

/// The keys of one tunnel.
class KeySchedule
{
  public:
    /**
     * @param suite the algorithm
     * @param secret at least SECRET_MIN_SIZE bytes, shared by both ends, different for every tunnel
     * @throws std::invalid_argument if the secret is shorter
     */
    KeySchedule(CipherSuite suite, ByteView secret);
    ~KeySchedule();
    KeySchedule(const KeySchedule&) = delete;
    KeySchedule& operator=(const KeySchedule&) = delete;

    /// @return the key of one direction and epoch, made for @p use.
    EpochKey Derive(KeyDirection direction, std::uint32_t epoch, Cipher::Use use) const;

  private:
    CipherSuite m_suite;
    Bytes m_secret;
};

} // namespace weft::sdwan

#endif
