// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/output-file.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace weft::engine
{

namespace
{

constexpr std::size_t BUFFER_BYTES = 1 << 18;

std::string_view
Advice(int error)
{
    switch (error)
    {
    case ENOSPC:
    case EDQUOT:
        return "free some space, or choose a results folder on another disk";
    case EFBIG:
        return "raise the file size limit (ulimit -f), or record less";
    case EACCES:
    case EPERM:
    case EROFS:
        return "make the folder writable, or choose another results folder";
    case ENOTDIR:
    case EEXIST:
    case ENOTEMPTY:
        return "something else stands in its place; move it away, or choose another results folder";
    default:
        return "choose another results folder";
    }
}

} // namespace

ResultsError
ResultsError::FromErrno(std::string_view doing, const std::filesystem::path& path, int error)
{
    return ResultsError(fmt::format("cannot {} {}: {}; {}",
                                    doing,
                                    path.string(),
                                    std::generic_category().message(error),
                                    Advice(error)));
}

OutputFile::OutputFile(std::filesystem::path path) : m_path(std::move(path))
{
    m_fd = ::open(m_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (m_fd < 0)
    {
        throw ResultsError::FromErrno("create", m_path, errno);
    }
    m_buffer.reserve(BUFFER_BYTES);
}

OutputFile::~OutputFile()
{
    if (m_fd >= 0)
    {
        ::close(m_fd);
    }
}

void
OutputFile::Write(std::string_view text)
{
    m_buffer.append(text);
    if (m_buffer.size() >= BUFFER_BYTES)
    {
        Flush();
    }
}

void
OutputFile::Flush()
{
    std::size_t done = 0;
    while (done < m_buffer.size())
    {
        const ssize_t n = ::write(m_fd, m_buffer.data() + done, m_buffer.size() - done);
        if (n < 0 && errno == EINTR)
        {
            continue;
        }
        if (n <= 0)
        {
            throw ResultsError::FromErrno("write", m_path, n < 0 ? errno : EIO);
        }
        done += static_cast<std::size_t>(n);
    }
    m_buffer.clear();
}

void
OutputFile::Close()
{
    if (m_fd < 0)
    {
        return;
    }
    Flush();
    // A pipe or device cannot be synchronised and need not be.
    if (::fsync(m_fd) != 0 && errno != EINVAL && errno != EROFS)
    {
        throw ResultsError::FromErrno("write", m_path, errno);
    }
    if (::close(std::exchange(m_fd, -1)) != 0)
    {
        throw ResultsError::FromErrno("write", m_path, errno);
    }
}

const std::filesystem::path&
OutputFile::Path() const
{
    return m_path;
}

} // namespace weft::engine
