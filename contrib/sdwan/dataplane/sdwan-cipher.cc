// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-cipher.h"

#include <bit>
#include <cstring>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdexcept>
#include <string>

namespace weft::sdwan
{

namespace
{

/// AES-GCM by OpenSSL (NIST SP 800-38D, 12-byte nonce, 16-byte tag).
class GcmCipher final : public Cipher
{
  public:
    GcmCipher(const EVP_CIPHER* algorithm, Use use, ByteView key) : m_context(EVP_CIPHER_CTX_new())
    {
        const bool ready = m_context && EVP_CipherInit_ex(m_context.get(),
                                                          algorithm,
                                                          nullptr,
                                                          key.data(),
                                                          nullptr,
                                                          use == Use::Seal ? 1 : 0) == 1;
        if (!ready)
        {
            throw std::runtime_error("cipher: OpenSSL does not provide AES-GCM");
        }
    }

    void
    Seal(const Nonce& nonce, ByteView aad, ByteView plaintext, std::uint8_t* out) override
    {
        EVP_CIPHER_CTX* context = m_context.get();
        const int size = static_cast<int>(plaintext.size());
        int length = 0;
        EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data());
        EVP_EncryptUpdate(context, nullptr, &length, aad.data(), static_cast<int>(aad.size()));
        if (size > 0)
        {
            EVP_EncryptUpdate(context, out, &length, plaintext.data(), size);
        }
        EVP_EncryptFinal_ex(context, out + size, &length);
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, out + size);
    }

    bool
    Open(const Nonce& nonce, ByteView aad, ByteView sealed, std::uint8_t* out) override
    {
        EVP_CIPHER_CTX* context = m_context.get();
        const int size = static_cast<int>(sealed.size() - TAG_SIZE);
        int length = 0;
        EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data());
        EVP_DecryptUpdate(context, nullptr, &length, aad.data(), static_cast<int>(aad.size()));
        if (size > 0)
        {
            EVP_DecryptUpdate(context, out, &length, sealed.data(), size);
        }
        // The library only reads the tag here; its interface just lacks the const.
        EVP_CIPHER_CTX_ctrl(context,
                            EVP_CTRL_AEAD_SET_TAG,
                            TAG_SIZE,
                            const_cast<std::uint8_t*>(sealed.data() + size));
        std::uint8_t none[TAG_SIZE];
        return EVP_DecryptFinal_ex(context, none, &length) == 1;
    }

  private:
    struct Free
    {
        void
        operator()(EVP_CIPHER_CTX* context) const
        {
            EVP_CIPHER_CTX_free(context);
        }
    };

    std::unique_ptr<EVP_CIPHER_CTX, Free> m_context;
};

/**
 * No encryption; the tag is a keyed 128-bit checksum over nonce, header, length and the whole
 * payload. Damage, forgery by a party without the key and use under the wrong epoch are told apart
 * from the real thing as with GCM (a random tag passes with probability 2^-128, an unlucky change
 * with about 2^-64). It withstands nobody who computes: not for real networks.
 */
class NullCipher final : public Cipher
{
  public:
    explicit NullCipher(ByteView key)
    {
        std::memcpy(m_key, key.data(), sizeof m_key);
    }

    void
    Seal(const Nonce& nonce, ByteView aad, ByteView plaintext, std::uint8_t* out) override
    {
        if (!plaintext.empty() && out != plaintext.data())
        {
            std::memcpy(out, plaintext.data(), plaintext.size());
        }
        Checksum(nonce, aad, {out, plaintext.size()}, out + plaintext.size());
    }

    bool
    Open(const Nonce& nonce, ByteView aad, ByteView sealed, std::uint8_t* out) override
    {
        const std::size_t size = sealed.size() - TAG_SIZE;
        std::uint8_t tag[TAG_SIZE];
        Checksum(nonce, aad, sealed.first(size), tag);
        if (std::memcmp(tag, sealed.data() + size, TAG_SIZE) != 0)
        {
            return false;
        }
        if (size > 0)
        {
            std::memmove(out, sealed.data(), size);
        }
        return true;
    }

  private:
    /// Eight independent multiply-and-add lanes, so that the multipliers' latency is hidden.
    struct Lanes
    {
        std::uint64_t lane[8];

        void
        Add(const std::uint8_t* block)
        {
            std::uint64_t word[8];
            std::memcpy(word, block, sizeof word);
            for (int i = 0; i < 8; ++i)
            {
                lane[i] = (lane[i] ^ word[i]) * 0x9e3779b97f4a7c15U;
                lane[i] ^= lane[i] >> 32;
            }
        }

        void
        Add(ByteView bytes)
        {
            std::size_t i = 0;
            for (; i + 64 <= bytes.size(); i += 64)
            {
                Add(bytes.data() + i);
            }
            if (i < bytes.size())
            {
                std::uint8_t rest[64] = {};
                std::memcpy(rest, bytes.data() + i, bytes.size() - i);
                Add(rest);
            }
        }
    };

    static std::uint64_t
    Mix(std::uint64_t a, std::uint64_t b)
    {
        a = (a ^ std::rotl(b, 29)) * 0xff51afd7ed558ccdU;
        return a ^ (a >> 33);
    }

    void
    Checksum(const Nonce& nonce, ByteView aad, ByteView payload, std::uint8_t* tag) const
    {
        Lanes lanes;
        for (std::uint64_t i = 0; i < 8; ++i)
        {
            lanes.lane[i] = m_key[i & 1] + i;
        }
        const std::uint64_t sizes[2] = {payload.size(), aad.size()};
        std::uint8_t head[64] = {};
        std::memcpy(head, nonce.data(), NONCE_SIZE);
        std::memcpy(head + 16, sizes, sizeof sizes);
        std::memcpy(head + 32, aad.data(), aad.size() < 32 ? aad.size() : 32);
        lanes.Add(head);
        if (aad.size() > 32)
        {
            lanes.Add(aad.subspan(32));
        }
        lanes.Add(payload);
        std::uint64_t sum[2] = {m_key[1], m_key[0]};
        for (int i = 0; i < 8; ++i)
        {
            sum[0] = Mix(sum[0], lanes.lane[i]);
            sum[1] = Mix(sum[1], lanes.lane[7 - i]);
        }
        std::memcpy(tag, sum, TAG_SIZE);
    }

    std::uint64_t m_key[2];
};

} // namespace

std::string_view
ToString(CipherSuite suite)
{
    switch (suite)
    {
    case CipherSuite::Aes128Gcm:
        return "aes-128-gcm";
    case CipherSuite::Aes256Gcm:
        return "aes-256-gcm";
    default:
        return "null";
    }
}

std::unique_ptr<Cipher>
MakeCipher(CipherSuite suite, Cipher::Use use, ByteView key)
{
    if (key.size() != KeySize(suite))
    {
        throw std::invalid_argument("cipher: a key of " + std::to_string(key.size()) + " bytes; " +
                                    std::string(ToString(suite)) + " takes " +
                                    std::to_string(KeySize(suite)));
    }
    switch (suite)
    {
    case CipherSuite::Aes128Gcm:
        return std::make_unique<GcmCipher>(EVP_aes_128_gcm(), use, key);
    case CipherSuite::Aes256Gcm:
        return std::make_unique<GcmCipher>(EVP_aes_256_gcm(), use, key);
    default:
        return std::make_unique<NullCipher>(key);
    }
}

} // namespace weft::sdwan
