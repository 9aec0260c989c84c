// SPDX-License-Identifier: GPL-2.0-only
/** @file What tests of files and of programs share: a folder, file contents, a shell command. */
#ifndef WEFT_TESTS_SUPPORT_WORKSPACE_H
#define WEFT_TESTS_SUPPORT_WORKSPACE_H

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/wait.h>

namespace weft::support
{

/// @return the whole of a file, byte for byte; empty if there is none
inline std::string
ReadAll(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

inline bool
Has(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

/// A new folder that goes when this goes.
class Workspace
{
  public:
    Workspace()
    {
        std::string name = (std::filesystem::temp_directory_path() / "weft-XXXXXX").string();
        if (!mkdtemp(name.data()))
        {
            throw std::runtime_error("no folder " + name);
        }
        m_path = name;
    }

    ~Workspace()
    {
        std::error_code ignored;
        std::filesystem::permissions(m_path, std::filesystem::perms::owner_all, ignored);
        std::filesystem::remove_all(m_path, ignored);
    }

    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    const std::filesystem::path&
    Path() const
    {
        return m_path;
    }

    std::filesystem::path
    Write(const std::string& name, const std::string& text) const
    {
        std::ofstream(m_path / name) << text;
        return m_path / name;
    }

  private:
    std::filesystem::path m_path;
};

/// What a command printed on stdout, and its exit code; -1 if it was killed.
struct Printed
{
    int code = -1;
    std::string text;
};

/// Runs a command as a shell reads it.
inline Printed
Shell(const std::string& command)
{
    std::FILE* pipe = popen(command.c_str(), "r");
    if (!pipe)
    {
        return {-1, "popen failed"};
    }
    Printed printed;
    std::array<char, 4096> buffer;
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    {
        printed.text.append(buffer.data(), size);
    }
    const int status = pclose(pipe);
    printed.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return printed;
}

} // namespace weft::support

#endif
