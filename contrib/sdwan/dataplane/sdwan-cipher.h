// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Authenticated encryption for one key and one direction.
 *
 * A Cipher owns one library context, made when the key is set; per packet only the nonce changes
 * (re-keying or a new context costs as much as a small packet). The caller never uses a nonce twice
 * with one sealing key (NIST SP 800-38D section 8).
 */
#ifndef SDWAN_CIPHER_H
#define SDWAN_CIPHER_H

#include "sdwan-types.h"

#include <array>
#include <memory>

namespace weft::sdwan
{

enum class CipherSuite : std::uint8_t
{
    Aes128Gcm = 0,
    Aes256Gcm = 1,
    Null =
        2, ///< for very large simulations: same bytes on the wire, no secrecy, a checksum for a tag
};

/// @return "aes-128-gcm", "aes-256-gcm" or "null".
std::string_view ToString(CipherSuite suite);

/// @return the key length in bytes.
constexpr std::size_t
KeySize(CipherSuite suite)
{
    return suite == CipherSuite::Aes256Gcm ? 32 : 16;
}

inline constexpr std::size_t NONCE_SIZE = 12;
inline constexpr std::size_t TAG_SIZE = 16;

using Nonce = std::array<std::uint8_t, NONCE_SIZE>;

class Cipher
{
  public:
    enum class Use
    {
        Seal,
        Open
    };

    virtual ~Cipher() = default;
    Cipher(const Cipher&) = delete;
    Cipher& operator=(const Cipher&) = delete;

    /**
     * Encrypts and authenticates. Only for a cipher made for Use::Seal.
     *
     * @param nonce never used before with this key
     * @param aad authenticated, not encrypted
     * @param plaintext may be empty; may start where @p out does (in place), else must not overlap
     * it
     * @param[out] out as many bytes as the plaintext, followed by TAG_SIZE bytes of tag
     */
    virtual void Seal(const Nonce& nonce, ByteView aad, ByteView plaintext, std::uint8_t* out) = 0;

    /**
     * Checks and decrypts. Only for a cipher made for Use::Open.
     *
     * @param nonce as at sealing
     * @param aad as at sealing
     * @param sealed ciphertext and tag: at least TAG_SIZE bytes
     * @param[out] out `sealed.size() - TAG_SIZE` bytes; meaningless when the result is false
     * @return whether the tag is right
     */
    virtual bool Open(const Nonce& nonce, ByteView aad, ByteView sealed, std::uint8_t* out) = 0;

  protected:
    Cipher() = default;
};

/**
 * Makes a cipher.
 *
 * @param suite the algorithm
 * @param use one direction
 * @param key exactly KeySize(suite) bytes
 * @throws std::invalid_argument if the key has another length
 * @throws std::runtime_error if the library refuses (no such algorithm in this OpenSSL)
 */
std::unique_ptr<Cipher> MakeCipher(CipherSuite suite, Cipher::Use use, ByteView key);

} // namespace weft::sdwan

#endif
