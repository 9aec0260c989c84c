// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-key-schedule.h"

#include <algorithm>
#include <array>
#include <memory>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdexcept>
#include <string>

namespace weft::sdwan
{

namespace
{

constexpr char SALT[] = "weft vcmp 1";

OSSL_PARAM
Octets(const char* name, ByteView bytes)
{
    // The parameter is only read; OSSL_PARAM serves both ways and so lacks the const.
    return OSSL_PARAM_construct_octet_string(
        name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

} // namespace

void
HkdfSha256(ByteView salt, ByteView secret, ByteView info, std::span<std::uint8_t> out)
{
    const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(
        EVP_KDF_fetch(nullptr, "HKDF", nullptr), EVP_KDF_free);
    const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(
        kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr, EVP_KDF_CTX_free);
    char digest[] = "SHA256";
    OSSL_PARAM parameters[5];
    std::size_t n = 0;
    parameters[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    parameters[n++] = Octets(OSSL_KDF_PARAM_KEY, secret);
    if (!salt.empty())
    {
        parameters[n++] = Octets(OSSL_KDF_PARAM_SALT, salt);
    }
    if (!info.empty())
    {
        parameters[n++] = Octets(OSSL_KDF_PARAM_INFO, info);
    }
    parameters[n] = OSSL_PARAM_construct_end();
    if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) != 1)
    {
        throw std::runtime_error("key schedule: OpenSSL refuses HKDF-SHA256");
    }
}

Nonce
EpochKey::NonceOf(std::uint32_t epoch, std::uint32_t sequence) const
{
    Nonce nonce = iv;
    for (unsigned i = 0; i < 4; ++i)
    {
        nonce[4 + i] ^= static_cast<std::uint8_t>(epoch >> (24 - 8 * i));
        nonce[8 + i] ^= static_cast<std::uint8_t>(sequence >> (24 - 8 * i));
    }
    return nonce;
}

KeySchedule::KeySchedule(CipherSuite suite, ByteView secret)
    : m_suite(suite), m_secret(secret.begin(), secret.end())
{
    if (secret.size() < SECRET_MIN_SIZE)
    {
        throw std::invalid_argument("tunnel secret: " + std::to_string(secret.size()) +
                                    " bytes; must be at least " + std::to_string(SECRET_MIN_SIZE));
    }
}

KeySchedule::~KeySchedule()
{
    OPENSSL_cleanse(m_secret.data(), m_secret.size());
}

EpochKey
KeySchedule::Derive(KeyDirection direction, std::uint32_t epoch, Cipher::Use use) const
{
    const std::uint8_t info[] = {'v',
                                 'c',
                                 'm',
                                 'p',
                                 static_cast<std::uint8_t>(m_suite),
                                 static_cast<std::uint8_t>(direction),
                                 static_cast<std::uint8_t>(epoch >> 24),
                                 static_cast<std::uint8_t>(epoch >> 16),
                                 static_cast<std::uint8_t>(epoch >> 8),
                                 static_cast<std::uint8_t>(epoch)};
    std::array<std::uint8_t, 32 + NONCE_SIZE> material;
    const std::size_t keySize = KeySize(m_suite);
    HkdfSha256({reinterpret_cast<const std::uint8_t*>(SALT), sizeof SALT - 1},
               m_secret,
               info,
               std::span(material).first(keySize + NONCE_SIZE));
    EpochKey key;
    key.cipher = MakeCipher(m_suite, use, ByteView(material).first(keySize));
    std::copy_n(
        material.begin() + static_cast<std::ptrdiff_t>(keySize), NONCE_SIZE, key.iv.begin());
    OPENSSL_cleanse(material.data(), material.size());
    return key;
}

} // namespace weft::sdwan
