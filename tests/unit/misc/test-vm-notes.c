/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmcoreinfo and vmgenid: what they put into fw_cfg, and what the guest may write there. */
#include "../firmware/common.h"
#include "../harness.h"
#include "hw/acpi/vmgenid.h"
#include "hw/misc/vmcoreinfo.h"

#define RAM_SIZE 0x10000

static MemoryRegion ram;

static FwCfg *begin(const char *dma)
{
    Device *dev;

    memory_system_init();
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", RAM_SIZE, NULL));
    memory_region_add_subregion(get_system_memory(), 0, &ram);
    dev = harness_system_device(&fw_cfg_io_class, "dma_enabled", dma, NULL);
    memory_region_add_subregion(get_system_io(), 0x510, fw_cfg_ports((FwCfg *)dev));
    fw_cfg_set_dma_address_space((FwCfg *)dev, &address_space_memory);
    return (FwCfg *)dev;
}

static void end(FwCfg *fw)
{
    memory_region_del_subregion(get_system_io(), fw_cfg_ports(fw));
    memory_region_del_subregion(get_system_memory(), &ram);
    system_bus_free();
    memory_system_cleanup();
    memory_region_destroy(&ram);
}

/* Write part of a file by DMA: it is the only one, and so the first. */
static void guest_writes(unsigned file, uint32_t skip, const void *data, uint32_t len)
{
    const uint32_t key = (FW_CFG_FILE_FIRST + file) << 16;
    uint32_t descriptor[4] = {GUINT32_TO_BE(FW_CFG_DMA_CTL_SELECT | FW_CFG_DMA_CTL_SKIP | key),
                              GUINT32_TO_BE(skip)};

    address_space_write(&address_space_memory, 0x100, descriptor, sizeof(descriptor));
    outl(0x518, GUINT32_TO_BE(0x100));
    address_space_write(&address_space_memory, 0x200, data, len);
    descriptor[0] = GUINT32_TO_BE(FW_CFG_DMA_CTL_WRITE);
    descriptor[1] = GUINT32_TO_BE(len);
    descriptor[3] = GUINT32_TO_BE(0x200);
    address_space_write(&address_space_memory, 0x100, descriptor, sizeof(descriptor));
    outl(0x518, GUINT32_TO_BE(0x100));
    g_assert_cmphex(readl(0x100), ==, 0);
}

static void test_vmcoreinfo(void)
{
    static const uint8_t good[16] = {1, 0, 1, 0, 0x34, 0x12, 0, 0, 0x78, 0x56, 0x34, 0x12};
    static const uint8_t other_format[16] = {1, 0, 2};
    FwCfg *fw = begin("on");
    Device *dev = harness_system_device(&vmcoreinfo_class, NULL);
    VmCoreInfo info;

    g_assert_false(vmcoreinfo_get(dev, &info));
    guest_writes(0, 0, good, sizeof(good));
    g_assert_true(vmcoreinfo_get(dev, &info));
    g_assert_cmpuint(info.format, ==, 1);
    g_assert_cmphex(info.size, ==, 0x1234);
    g_assert_cmphex(info.paddr, ==, 0x12345678);
    guest_writes(0, 8, good + 8, 8); /* not all of it */
    g_assert_false(vmcoreinfo_get(dev, &info));
    guest_writes(0, 0, good, sizeof(good));
    guest_writes(0, 0, other_format, sizeof(other_format));
    g_assert_false(vmcoreinfo_get(dev, &info));
    guest_writes(0, 0, good, sizeof(good));
    device_reset(dev);
    g_assert_false(vmcoreinfo_get(dev, &info));
    end(fw);
}

static void test_vmgenid(void)
{
    static const uint8_t guid[16] = {0xaf, 0x6e, 0x4e, 0x32, 0xd1, 0xd1, 0xf6, 0x4b,
                                     0xbf, 0x41, 0xb9, 0xbb, 0x6c, 0x91, 0xfb, 0x87};
    FwCfg *fw = begin("on");
    Device *dev =
        harness_system_device(&vmgenid_class, "guid", "324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87", NULL);
    const uint8_t *bytes;
    size_t len;

    g_assert_cmpstr(vmgenid_text(dev), ==, "324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87");
    bytes = fw_cfg_get_file(fw, VMGENID_GUID_FILE, &len);
    g_assert_cmpuint(len, ==, 4096);
    g_assert_cmpmem(bytes + VMGENID_GUID_OFFSET, 16, guid, 16);
    guest_writes(0, 0, guid, 8); /* the address's file comes first */
    bytes = fw_cfg_get_file(fw, VMGENID_ADDR_FILE, &len);
    g_assert_cmpmem(bytes, len, guid, 8);
    device_reset(dev);
    bytes = fw_cfg_get_file(fw, VMGENID_ADDR_FILE, &len);
    g_assert_cmphex(get_le(bytes, len), ==, 0);
    end(fw);
}

static void check_refused(const DeviceClass *cls, const char *guid, const char *why)
{
    Device *dev = device_new(cls);
    g_autoptr(GError) err = NULL;

    if (guid) {
        device_set_str(dev, "guid", guid);
    }
    g_assert_false(device_realize(dev, NULL, &err));
    g_assert_nonnull(strstr(err->message, why));
    device_free(dev);
}

static void test_refused(void)
{
    FwCfg *fw = begin("off");

    check_refused(&vmcoreinfo_class, NULL, "with DMA");
    check_refused(&vmgenid_class, "auto", "DMA");
    end(fw);
    fw = begin("on");
    check_refused(&vmgenid_class, NULL, "UUID or 'auto'");
    check_refused(&vmgenid_class, "324e6eaf", "'324e6eaf' is not a UUID");
    harness_system_device(&vmcoreinfo_class, NULL);
    harness_system_device(&vmgenid_class, "guid", "auto", NULL);
    check_refused(&vmcoreinfo_class, NULL, "at most one");
    check_refused(&vmgenid_class, "auto", "at most one");
    end(fw);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/vmcoreinfo/guest-writes", test_vmcoreinfo);
    g_test_add_func("/vmgenid/files", test_vmgenid);
    g_test_add_func("/vm-notes/refused", test_refused);
    return g_test_run();
}
