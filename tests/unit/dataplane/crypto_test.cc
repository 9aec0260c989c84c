// SPDX-License-Identifier: GPL-2.0-only
// Ciphers and key schedule against published vectors.
#include "sdwan-key-schedule.h"
#include "wire_test_util.h"

#include <gtest/gtest.h>

namespace weft::sdwan::test
{
namespace
{

struct GcmVector
{
    const char* name;
    CipherSuite suite;
    const char* key;
    const char* nonce;
    const char* aad;
    const char* plain;
    const char* sealed; ///< ciphertext and tag
};

#define P64                                                                                        \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"                             \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define K16 "feffe9928665731c6d6a8f9467308308"
#define C128                                                                                       \
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"                             \
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
#define C256                                                                                       \
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"                             \
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B (the vectors of NIST's GCM
// submission).
const GcmVector VECTORS[] = {
    {"1",
     CipherSuite::Aes128Gcm,
     "00000000000000000000000000000000",
     "000000000000000000000000",
     "",
     "",
     "58e2fccefa7e3061367f1d57a4e7455a"},
    {"2",
     CipherSuite::Aes128Gcm,
     "00000000000000000000000000000000",
     "000000000000000000000000",
     "",
     "00000000000000000000000000000000",
     "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"},
    {"3",
     CipherSuite::Aes128Gcm,
     K16,
     "cafebabefacedbaddecaf888",
     "",
     P64 "1aafd255",
     C128 "473f59854d5c2af327cd64a62cf35abd2ba6fab4"},
    {"4",
     CipherSuite::Aes128Gcm,
     K16,
     "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     P64,
     C128 "5bc94fbc3221a5db94fae95ae7121a47"},
    {"13",
     CipherSuite::Aes256Gcm,
     "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000",
     "",
     "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"14",
     CipherSuite::Aes256Gcm,
     "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000",
     "",
     "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"15",
     CipherSuite::Aes256Gcm,
     K16 K16,
     "cafebabefacedbaddecaf888",
     "",
     P64 "1aafd255",
     C256 "898015adb094dac5d93471bdec1a502270e3cc6c"},
    {"16",
     CipherSuite::Aes256Gcm,
     K16 K16,
     "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     P64,
     C256 "76fc6ece0f4e1768cddf8853bb2d551b"},
};

Nonce
ToNonce(ByteView bytes)
{
    Nonce nonce{};
    std::copy(bytes.begin(), bytes.end(), nonce.begin());
    return nonce;
}

TEST(Gcm, PublishedVectors)
{
    for (const GcmVector& v : VECTORS)
    {
        SCOPED_TRACE(v.name);
        const Bytes key = Hex(v.key);
        const Nonce nonce = ToNonce(Hex(v.nonce));
        const Bytes aad = Hex(v.aad);
        const Bytes plain = Hex(v.plain);
        const Bytes expected = Hex(v.sealed);
        const auto sealer = MakeCipher(v.suite, Cipher::Use::Seal, key);
        const auto opener = MakeCipher(v.suite, Cipher::Use::Open, key);
        for (int repeat = 0; repeat < 3; ++repeat) // the context is reused
        {
            Bytes sealed(plain.size() + TAG_SIZE);
            sealer->Seal(nonce, aad, plain, sealed.data());
            EXPECT_EQ(sealed, expected);
            Bytes back(plain.size() + 1);
            ASSERT_TRUE(opener->Open(nonce, aad, sealed, back.data()));
            back.pop_back();
            EXPECT_EQ(back, plain);
            sealed.back() ^= 1;
            Bytes scratch(plain.size() + 1);
            EXPECT_FALSE(opener->Open(nonce, aad, sealed, scratch.data()));
        }
    }
}

TEST(Gcm, SealsInPlace)
{
    const auto sealer = MakeCipher(CipherSuite::Aes128Gcm, Cipher::Use::Seal, Hex(K16));
    Bytes buffer = Hex(P64);
    const std::size_t size = buffer.size();
    buffer.resize(size + TAG_SIZE);
    sealer->Seal(ToNonce(Hex("cafebabefacedbaddecaf888")),
                 Hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
                 ByteView(buffer).first(size),
                 buffer.data());
    EXPECT_EQ(buffer, Hex(C128 "5bc94fbc3221a5db94fae95ae7121a47"));
}

TEST(Ciphers, EverySuiteRefusesEveryChangedBit)
{
    Random random(4);
    for (const CipherSuite suite :
         {CipherSuite::Aes128Gcm, CipherSuite::Aes256Gcm, CipherSuite::Null})
    {
        SCOPED_TRACE(ToString(suite));
        const Bytes key = RandomBytes(random, KeySize(suite));
        const auto sealer = MakeCipher(suite, Cipher::Use::Seal, key);
        const auto opener = MakeCipher(suite, Cipher::Use::Open, key);
        const Nonce nonce = ToNonce(RandomBytes(random, NONCE_SIZE));
        const Bytes aad = RandomBytes(random, 16);
        const Bytes plain = RandomBytes(random, 150);
        Bytes sealed(plain.size() + TAG_SIZE);
        sealer->Seal(nonce, aad, plain, sealed.data());
        Bytes back(plain.size());
        ASSERT_TRUE(opener->Open(nonce, aad, sealed, back.data()));
        ASSERT_EQ(back, plain);
        for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit)
        {
            Bytes changed = sealed;
            changed[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
            ASSERT_FALSE(opener->Open(nonce, aad, changed, back.data())) << "bit " << bit;
        }
        for (std::size_t bit = 0; bit < 8 * aad.size(); ++bit)
        {
            Bytes changed = aad;
            changed[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
            ASSERT_FALSE(opener->Open(nonce, changed, sealed, back.data())) << "aad bit " << bit;
        }
        for (std::size_t bit = 0; bit < 8 * NONCE_SIZE; ++bit)
        {
            Nonce changed = nonce;
            changed[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
            ASSERT_FALSE(opener->Open(changed, aad, sealed, back.data())) << "nonce bit " << bit;
        }
        // Shorter and longer by zeros.
        ASSERT_FALSE(
            opener->Open(nonce, aad, ByteView(sealed).first(sealed.size() - 1), back.data()));
    }
}

TEST(Ciphers, NullGrowsByTheSameBytesAndLeavesTheText)
{
    const auto sealer = MakeCipher(CipherSuite::Null, Cipher::Use::Seal, Bytes(16, 9));
    const Bytes plain = Hex("00112233445566778899");
    Bytes sealed(plain.size() + TAG_SIZE);
    sealer->Seal({}, Bytes(16), plain, sealed.data());
    EXPECT_TRUE(std::equal(plain.begin(), plain.end(), sealed.begin()));
}

TEST(Ciphers, WrongKeySizeIsRefusedByName)
{
    try
    {
        MakeCipher(CipherSuite::Aes256Gcm, Cipher::Use::Seal, Bytes(16));
        FAIL();
    }
    catch (const std::invalid_argument& e)
    {
        EXPECT_STREQ(e.what(), "cipher: a key of 16 bytes; aes-256-gcm takes 32");
    }
}

TEST(Hkdf, Rfc5869Vectors)
{
    Bytes out(42);
    HkdfSha256(
        Hex("000102030405060708090a0b0c"), Bytes(22, 0x0b), Hex("f0f1f2f3f4f5f6f7f8f9"), out);
    EXPECT_EQ(out,
              Hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b88718"
                  "5865"));
    HkdfSha256({}, Bytes(22, 0x0b), {}, out);
    EXPECT_EQ(out,
              Hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a"
                  "96c8"));
    Bytes salt;
    Bytes secret;
    Bytes info;
    for (unsigned i = 0; i < 80; ++i)
    {
        secret.push_back(static_cast<std::uint8_t>(i));
        salt.push_back(static_cast<std::uint8_t>(0x60 + i));
        info.push_back(static_cast<std::uint8_t>(0xb0 + i));
    }
    out.resize(82);
    HkdfSha256(salt, secret, info, out);
    EXPECT_EQ(out,
              Hex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac78272"
                  "71cb41c65e590e09"
                  "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"));
}

TEST(KeySchedule, NonceIsTheVectorXorEpochAndSequence)
{
    EpochKey key;
    key.iv = ToNonce(Hex("0102030405060708090a0b0c"));
    const Nonce nonce = key.NonceOf(0x11223344, 0xa0b0c0d0);
    EXPECT_EQ(Bytes(nonce.begin(), nonce.end()), Hex("010203041424344ca9bacbdc"));
}

TEST(KeySchedule, EveryDirectionEpochAndSuiteHasItsOwn)
{
    const Bytes secret(32, 1);
    std::vector<Nonce> seen;
    for (const CipherSuite suite :
         {CipherSuite::Aes128Gcm, CipherSuite::Aes256Gcm, CipherSuite::Null})
    {
        const KeySchedule schedule(suite, secret);
        for (const KeyDirection d : {KeyDirection::FromInitiator, KeyDirection::FromResponder})
        {
            for (std::uint32_t epoch : {0U, 1U, 2U, 0x10000U, 0xffffffffU})
            {
                const EpochKey key = schedule.Derive(d, epoch, Cipher::Use::Seal);
                EXPECT_EQ(std::count(seen.begin(), seen.end(), key.iv), 0);
                seen.push_back(key.iv);
            }
        }
    }
    EXPECT_THROW(KeySchedule(CipherSuite::Null, Bytes(15)), std::invalid_argument);
}

} // namespace
} // namespace weft::sdwan::test
