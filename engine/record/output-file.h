// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A file whose every failure to write is reported.
 */
#ifndef WEFT_ENGINE_RECORD_OUTPUT_FILE_H
#define WEFT_ENGINE_RECORD_OUTPUT_FILE_H

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weft::engine
{

/// Results could not be written. The text names the path, the cause and what to do about it.
class ResultsError : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;

    /**
     * @param doing e.g. "write"
     * @param path what could not be written
     * @param error an errno value
     * @return the error to throw
     */
    static ResultsError FromErrno(std::string_view doing,
                                  const std::filesystem::path& path,
                                  int error);
};

/// A new file, buffered. Its content is safe only after Close() returned; the destructor does not
/// report errors.
class OutputFile
{
  public:
    /// Creates or truncates. Throws ResultsError.
    explicit OutputFile(std::filesystem::path path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    /// Throws ResultsError when the disk is full or the file too large.
    void Write(std::string_view text);
    /// Flushes, fsyncs and closes. Throws ResultsError. Does nothing the second time.
    void Close();
    const std::filesystem::path& Path() const;

  private:
    void Flush();

    std::filesystem::path m_path;
    int m_fd = -1;
    std::string m_buffer;
};

} // namespace weft::engine

#endif
