// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * Builds an overlay out of nodes and devices that exist already.
 */
#ifndef VXLAN_HELPER_H
#define VXLAN_HELPER_H

#include "ns3/attribute.h"
#include "ns3/net-device.h"
#include "ns3/node.h"
#include "ns3/object-factory.h"
#include "ns3/ptr.h"
#include "ns3/vxlan-hypervisor-node.h"
#include "ns3/vxlan-move.h"
#include "ns3/vxlan-vm-device.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ns3
{
namespace vxlan
{

/**
 * @ingroup vxlan
 *
 * Describe the virtual networks, the hypervisors and the machines, then Install().
 *
 * @code
 *   VxlanHelper helper(1);
 *   helper.SetHypervisorAttribute("Replication", EnumValue(HypervisorSettings::HeadEnd));
 *   helper.AddNetwork(864, "239.0.3.96");
 *   helper.AddHypervisor("host1", node1, device1, "10.20.10.10/24");
 *   helper.AddHypervisor("host2", node2, device2, "10.20.11.10/24", "10.20.11.1");
 *   helper.AddVm("vm1", "host1", 864, "192.168.0.100/24");
 *   helper.AddVm("vm2", "host2", 864, "192.168.0.101/24");
 *   helper.Install();
 *   helper.Move("vm2", "host1");
 * @endcode
 *
 * Every hypervisor has every network, and every network's flood list is the other hypervisors.
 * Keys and MAC addresses of machines come from names and the seed, so that one machine more leaves
 * the others as they were.
 *
 * Every mistake throws std::invalid_argument naming what was given and what would be right.
 */
class VxlanHelper
{
  public:
    /// @param seed of keys and MAC addresses
    explicit VxlanHelper(uint64_t seed);

    /**
     * @param name of an attribute of Hypervisor, for the hypervisors added from here on
     * @param value its value
     */
    void SetHypervisorAttribute(const std::string& name, const AttributeValue& value);
    /**
     * @param name of an attribute of VmDevice, for the machines added from here on
     * @param value its value
     */
    void SetVmAttribute(const std::string& name, const AttributeValue& value);
    /// @param neighbours how neighbour caches of machines added from here on behave
    void SetNeighbours(const weft::netbase::NeighbourConfig& neighbours);

    /**
     * Describes a virtual network.
     *
     * @param vni 0 to 16777215, unique
     * @param group multicast group of its broadcasts; may be empty where none is used
     * @param vlan its VLAN on 802.1Q, 1 to 4094; 0: none
     */
    void AddNetwork(uint32_t vni, const std::string& group = "", uint16_t vlan = 0);

    /**
     * Describes a hypervisor.
     *
     * @param name unique
     * @param node without a Hypervisor
     * @param uplink device of the node
     * @param address with prefix length, "10.20.10.10/24"; unique
     * @param gateway in the underlay; empty: everything is on the link
     */
    void AddHypervisor(const std::string& name,
                       Ptr<Node> node,
                       Ptr<NetDevice> uplink,
                       const std::string& address,
                       const std::string& gateway = "");

    /**
     * Describes a machine.
     *
     * @param name unique
     * @param hypervisor name of where it runs
     * @param vni its network
     * @param address with prefix length, "192.168.0.100/24"
     * @param gateway in its network; empty: everything is on the link
     * @param node with an Internet stack, to run applications on; null: the machine is alone. It
     * gets the machine's device, address and a default route.
     */
    void AddVm(const std::string& name,
               const std::string& hypervisor,
               uint32_t vni,
               const std::string& address,
               const std::string& gateway = "",
               Ptr<Node> node = nullptr);

    /// Makes everything. Call once.
    void Install();

    /// @return the hypervisor, after Install() @param name of it
    Ptr<Hypervisor> GetHypervisor(const std::string& name) const;
    /// @return the machine, after Install() @param name of it
    Ptr<VmDevice> GetVm(const std::string& name) const;

    /**
     * Moves a machine, from the present on: MoveVm() by name.
     *
     * @param vm name of the machine
     * @param hypervisor name of where to
     * @param options how
     */
    void Move(const std::string& vm,
              const std::string& hypervisor,
              const MoveOptions& options = MoveOptions()) const;

    /**
     * Writes the frames of every uplink to a pcap file of its own, named
     * "<prefix>-<hypervisor>.pcap". Call after Install().
     *
     * @param prefix of the files' names
     */
    void EnablePcap(const std::string& prefix) const;

    /**
     * Nothing here draws from ns-3's streams: what has to differ from run to run follows from the
     * seed.
     *
     * @param stream first stream index to use
     * @return 0, the number of streams used
     */
    int64_t AssignStreams(int64_t stream) const;

  private:
    /// What is to become a hypervisor.
    struct Host
    {
        std::string name;
        Ptr<Hypervisor> hypervisor;
        Ptr<Node> node;
        Ptr<NetDevice> uplink;
        weft::netbase::EndpointConfig underlay;
    };

    /// What is to become a machine.
    struct Guest
    {
        std::string name;
        std::size_t host = 0; ///< index of where it runs
        uint32_t vni = 0;
        weft::netbase::EndpointConfig endpoint;
        Ptr<VmDevice> device;
        Ptr<Node> node; ///< may be null
    };

    /// @throws std::logic_error unless @p installed is whether Install() was called
    void CheckInstalled(bool installed, const char* what) const;
    /// Gives the node of a machine its interface. @param guest has a node
    static void Connect(const Guest& guest);

    uint64_t m_seed;                                    ///< of keys and MAC addresses
    bool m_installed = false;                           ///< Install() was called
    ObjectFactory m_hypervisorFactory;                  ///< makes hypervisors
    ObjectFactory m_vmFactory;                          ///< makes machines
    weft::netbase::NeighbourConfig m_neighbours;        ///< of machines
    std::vector<weft::vxlan::NetworkConfig> m_networks; ///< without flood lists
    std::vector<Host> m_hosts;                          ///< in order of AddHypervisor()
    std::vector<Guest> m_guests;                        ///< in order of AddVm()
};

} // namespace vxlan
} // namespace ns3

#endif
