// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/results-dir.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

namespace weft::engine
{

namespace fs = std::filesystem;

namespace
{

void
MakeDirectories(const fs::path& path)
{
    std::error_code error;
    fs::create_directories(path, error);
    if (error)
    {
        throw ResultsError::FromErrno("make the folder", path, error.value());
    }
}

/// Brings a folder's entries to the disk.
void
SyncDirectory(const fs::path& path)
{
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
    {
        throw ResultsError::FromErrno("open the folder", path, errno);
    }
    const int failed = ::fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
    ::close(fd);
    if (failed != 0)
    {
        throw ResultsError::FromErrno("write the folder", path, failed);
    }
}

void
Rename(const fs::path& from, const fs::path& to)
{
    if (::rename(from.c_str(), to.c_str()) != 0)
    {
        throw ResultsError::FromErrno("rename to", to, errno);
    }
}

/// Removes what killed processes left under hidden names that start with @p prefix:
/// "<prefix><pid>.<what>".
void
RemoveLeftovers(const fs::path& parent, const std::string& prefix)
{
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(parent, ignored))
    {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(prefix))
        {
            continue;
        }
        long pid = 0;
        const auto [end, error] =
            std::from_chars(name.data() + prefix.size(), name.data() + name.size(), pid);
        if (error == std::errc{} && end != name.data() + prefix.size() && pid > 0 &&
            ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH)
        {
            fs::remove_all(entry.path(), ignored);
        }
    }
}

} // namespace

ResultsDir::ResultsDir(const fs::path& root,
                       std::string_view scenario,
                       std::string_view digest,
                       std::uint64_t seed)
{
    const fs::path parent = root / scenario / digest.substr(0, 8);
    const std::string run = fmt::format("run-{}", seed);
    m_final = parent / run;
    m_work = parent / fmt::format(".{}.{}.partial", run, ::getpid());
    m_old = parent / fmt::format(".{}.{}.old", run, ::getpid());
    MakeDirectories(parent);
    RemoveLeftovers(parent, "." + run + ".");
    std::error_code ignored;
    fs::remove_all(m_work, ignored);
    MakeDirectories(m_work);
    if (::access(m_work.c_str(), W_OK) != 0)
    {
        throw ResultsError::FromErrno("write in", m_work, errno);
    }
}

ResultsDir::~ResultsDir()
{
    if (!m_committed)
    {
        std::error_code ignored;
        fs::remove_all(m_work, ignored);
        fs::remove_all(m_old, ignored);
    }
}

fs::path
ResultsDir::File(std::string_view name) const
{
    return m_work / name;
}

const fs::path&
ResultsDir::FinalPath() const
{
    return m_final;
}

void
ResultsDir::WriteFile(std::string_view name, std::string_view content)
{
    OutputFile file(File(name));
    file.Write(content);
    file.Close();
}

void
ResultsDir::Commit(std::string_view runJson)
{
    // Under another name until all the rest is in place; written first, since it is the last that
    // may find the disk full.
    WriteFile(".run.json", runJson);
    SyncDirectory(m_work);
    const fs::path parent = m_final.parent_path();
    std::error_code error;
    if (fs::exists(m_final, error))
    {
        fs::remove(m_final / "run.json", error);
        if (error)
        {
            throw ResultsError::FromErrno("replace", m_final / "run.json", error.value());
        }
        SyncDirectory(m_final);
        Rename(m_final, m_old);
    }
    Rename(m_work, m_final);
    SyncDirectory(parent);
    Rename(m_final / ".run.json", m_final / "run.json");
    SyncDirectory(m_final);
    m_committed = true;
    fs::remove_all(m_old, error);
}

} // namespace weft::engine
