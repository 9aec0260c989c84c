// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file A network namespace of the Linux kernel without a name: it lives as long as this process
 * has it open, so nothing is left behind however the process ends.
 */
#ifndef WEFT_TESTS_INTEROP_NET_NAMESPACE_H
#define WEFT_TESTS_INTEROP_NET_NAMESPACE_H

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace weft::support
{

/// A file descriptor that closes itself.
class Descriptor
{
  public:
    explicit Descriptor(int fd = -1) : m_fd(fd)
    {
    }

    Descriptor(Descriptor&& other) noexcept : m_fd(std::exchange(other.m_fd, -1))
    {
    }

    Descriptor&
    operator=(Descriptor&& other) noexcept
    {
        std::swap(m_fd, other.m_fd);
        return *this;
    }

    ~Descriptor()
    {
        if (m_fd >= 0)
        {
            close(m_fd);
        }
    }

    int
    Get() const
    {
        return m_fd;
    }

  private:
    int m_fd;
};

/// What a command printed, and its exit code.
struct Output
{
    int code = -1;
    std::string text;
};

class NetNamespace
{
  public:
    /// @throws std::runtime_error saying what the kernel refused
    NetNamespace()
    {
        const Descriptor before(Open("/proc/self/ns/net"));
        if (unshare(CLONE_NEWNET) != 0)
        {
            throw std::runtime_error(std::string("no network namespace: ") + std::strerror(errno));
        }
        m_fd = Descriptor(Open("/proc/self/ns/net"));
        Enter(before.Get());
    }

    /// @return what `ip link ... netns` calls it, in children of this process
    std::string
    Path() const
    {
        return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(m_fd.Get());
    }

    int
    Get() const
    {
        return m_fd.Get();
    }

    /// Runs a shell command inside.
    Output
    Try(const std::string& command) const
    {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
        {
            throw std::runtime_error("no pipe");
        }
        const pid_t child = fork();
        if (child == 0)
        {
            dup2(ends[1], STDOUT_FILENO);
            dup2(ends[1], STDERR_FILENO);
            if (setns(m_fd.Get(), CLONE_NEWNET) != 0)
            {
                _exit(126);
            }
            execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
            _exit(127);
        }
        close(ends[1]);
        Output output;
        std::array<char, 4096> buffer;
        ssize_t size;
        while ((size = read(ends[0], buffer.data(), buffer.size())) > 0)
        {
            output.text.append(buffer.data(), static_cast<std::size_t>(size));
        }
        close(ends[0]);
        int status = 0;
        waitpid(child, &status, 0);
        output.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        return output;
    }

    /// Runs a shell command inside. @return what it printed @throws std::runtime_error if it fails
    std::string
    Run(const std::string& command) const
    {
        const Output output = Try(command);
        if (output.code != 0)
        {
            throw std::runtime_error("'" + command + "': " + output.text);
        }
        return output.text;
    }

    /// @return a socket of this namespace
    Descriptor
    Socket(int family, int type, int protocol) const
    {
        const Descriptor before(Open("/proc/self/ns/net"));
        Enter(m_fd.Get());
        Descriptor made(socket(family, type | SOCK_CLOEXEC, protocol));
        const int error = errno;
        Enter(before.Get());
        if (made.Get() < 0)
        {
            throw std::runtime_error(std::string("no socket: ") + std::strerror(error));
        }
        return made;
    }

    /// Makes an interface compute checksums itself, so that those on the wire are complete.
    void
    NoChecksumOffload(const std::string& interface) const
    {
        const Descriptor control = Socket(AF_INET, SOCK_DGRAM, 0);
        ethtool_value off{ETHTOOL_STXCSUM, 0};
        ifreq request{};
        interface.copy(request.ifr_name, IFNAMSIZ - 1);
        request.ifr_data = reinterpret_cast<char*>(&off);
        if (ioctl(control.Get(), SIOCETHTOOL, &request) != 0)
        {
            throw std::runtime_error(interface + ": checksum offload: " + std::strerror(errno));
        }
    }

  private:
    static int
    Open(const char* path)
    {
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
        {
            throw std::runtime_error(std::string(path) + ": " + std::strerror(errno));
        }
        return fd;
    }

    static void
    Enter(int fd)
    {
        if (setns(fd, CLONE_NEWNET) != 0)
        {
            throw std::runtime_error(std::string("namespace: ") + std::strerror(errno));
        }
    }

    Descriptor m_fd;
};

} // namespace weft::support

#endif
