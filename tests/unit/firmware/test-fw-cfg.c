/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg as the guest sees it: the two ports and the DMA channel, over 64 KiB of RAM.
 */
#include "hw/nvram/fw_cfg.h"

#include <string.h>

#include "memory/system.h"

#define PORT_SELECT   0x510
#define PORT_DATA     0x511
#define PORT_DMA_HIGH 0x514
#define PORT_DMA_LOW  0x518

#define RAM_SIZE   0x10000
#define DESCRIPTOR 0x100
#define BUFFER     0x1000
#define NOWHERE    0x40000000

typedef struct Machine {
    MemoryRegion ram;
    uint8_t *mem;
    FwCfg *fw;
    unsigned selects;
    size_t written_at, written;
} Machine;

static void machine_init(Machine *m)
{
    memset(m, 0, sizeof(*m));
    memory_system_init();
    g_assert_true(memory_region_init_ram(&m->ram, NULL, "ram", RAM_SIZE, NULL));
    memory_region_add_subregion(get_system_memory(), 0, &m->ram);
    m->mem = memory_region_get_ram_ptr(&m->ram);
    m->fw = (FwCfg *)device_new(&fw_cfg_io_class);
    device_realize_or_die(DEVICE(m->fw), NULL);
    memory_region_add_subregion(get_system_io(), PORT_SELECT, fw_cfg_ports(m->fw));
    fw_cfg_set_dma_address_space(m->fw, &address_space_memory);
}

static void machine_end(Machine *m)
{
    memory_region_del_subregion(get_system_io(), fw_cfg_ports(m->fw));
    device_free(DEVICE(m->fw));
    memory_region_del_subregion(get_system_memory(), &m->ram);
    memory_region_destroy(&m->ram);
    memory_system_cleanup();
    system_bus_free();
}

static void select_key(uint16_t key)
{
    address_space_stw_le(&address_space_io, PORT_SELECT, key, NULL);
}

static uint8_t read_byte(void)
{
    return address_space_ldub(&address_space_io, PORT_DATA, NULL);
}

static void read_bytes(void *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)buf)[i] = read_byte();
    }
}

static uint64_t read_le(unsigned len)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < len; i++) {
        value |= (uint64_t)read_byte() << (8 * i);
    }
    return value;
}

static void put_descriptor(uint32_t control, uint32_t len, uint64_t address)
{
    address_space_stl_be(&address_space_memory, DESCRIPTOR, control, NULL);
    address_space_stl_be(&address_space_memory, DESCRIPTOR + 4, len, NULL);
    address_space_stq_be(&address_space_memory, DESCRIPTOR + 8, address, NULL);
}

/* As a guest's `outl` of a swapped value: the ports are little endian, the register is not. */
static void start(uint64_t descriptor)
{
    if (descriptor >> 32) {
        address_space_stl_le(&address_space_io, PORT_DMA_HIGH,
                             GUINT32_SWAP_LE_BE((uint32_t)(descriptor >> 32)), NULL);
    }
    address_space_stl_le(&address_space_io, PORT_DMA_LOW, GUINT32_SWAP_LE_BE((uint32_t)descriptor),
                         NULL);
}

/* Run one transfer; what is left in the control word. */
static uint32_t dma(uint32_t control, uint32_t len, uint64_t address)
{
    put_descriptor(control, len, address);
    start(DESCRIPTOR);
    return address_space_ldl_be(&address_space_memory, DESCRIPTOR, NULL);
}

/* The key of a file, from the directory as the guest reads it; 0 if it isn't there. */
static uint16_t file_key(const char *name, uint32_t *size)
{
    uint8_t count[4];
    uint16_t key = 0;

    select_key(FW_CFG_FILE_DIR);
    read_bytes(count, 4);
    for (unsigned i = 0; i < (unsigned)(count[2] << 8 | count[3]); i++) {
        uint8_t entry[64];

        read_bytes(entry, sizeof(entry));
        if (strcmp((char *)entry + 8, name) == 0) {
            key = entry[4] << 8 | entry[5];
            if (size) {
                *size = (uint32_t)entry[0] << 24 | entry[1] << 16 | entry[2] << 8 | entry[3];
            }
        }
    }
    return key;
}

static void test_signature_and_id(void)
{
    Machine m;
    char sig[4];

    machine_init(&m);
    read_bytes(sig, 4);
    g_assert_cmpmem(sig, 4, "QEMU", 4); /* selected at reset */
    g_assert_cmphex(read_byte(), ==, 0);
    select_key(FW_CFG_SIGNATURE);
    read_bytes(sig, 4);
    g_assert_cmpmem(sig, 4, "QEMU", 4);
    select_key(FW_CFG_ID);
    g_assert_cmphex(read_le(4), ==, 3);
    machine_end(&m);
}

static void test_integers_are_little_endian(void)
{
    Machine m;

    machine_init(&m);
    fw_cfg_add_i16(m.fw, FW_CFG_NB_CPUS, 0x1234);
    fw_cfg_add_i32(m.fw, FW_CFG_KERNEL_ADDR, 0x12345678);
    fw_cfg_add_i64(m.fw, FW_CFG_RAM_SIZE, 0x123456789abcdef0ull);
    fw_cfg_add_string(m.fw, FW_CFG_CMDLINE_DATA, "ab");
    fw_cfg_add_i32(m.fw, FW_CFG_IRQ0_OVERRIDE, 1);
    select_key(FW_CFG_NB_CPUS);
    g_assert_cmphex(read_le(8), ==, 0x1234);
    select_key(FW_CFG_KERNEL_ADDR);
    g_assert_cmphex(read_le(8), ==, 0x12345678);
    select_key(FW_CFG_RAM_SIZE);
    g_assert_cmphex(read_le(8), ==, 0x123456789abcdef0ull);
    select_key(FW_CFG_CMDLINE_DATA);
    g_assert_cmphex(read_le(4), ==, 'a' | 'b' << 8);
    select_key(FW_CFG_IRQ0_OVERRIDE);
    g_assert_cmphex(read_le(4), ==, 1);
    fw_cfg_add_i32(m.fw, FW_CFG_KERNEL_ADDR, 7);
    select_key(FW_CFG_KERNEL_ADDR);
    g_assert_cmphex(read_le(4), ==, 7);
    machine_end(&m);
}

static void test_missing_keys_read_zero(void)
{
    static const uint16_t keys[] = {0x0002, 0x001f, 0x0020, 0x3fff, 0x4002, 0x7fff,
                                    0x8000, 0x800f, 0x8010, 0xbfff, 0xc000, 0xffff};
    Machine m;

    machine_init(&m);
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        select_key(keys[i]);
        g_assert_cmphex(read_le(8), ==, 0);
        g_assert_cmphex(dma(FW_CFG_DMA_CTL_WRITE, 1, BUFFER), ==, FW_CFG_DMA_CTL_ERROR);
        memset(m.mem + BUFFER, 0xaa, 4);
        g_assert_cmphex(dma(FW_CFG_DMA_CTL_READ, 4, BUFFER), ==, 0);
        g_assert_cmphex(m.mem[BUFFER] | m.mem[BUFFER + 3], ==, 0);
    }
    machine_end(&m);
}

static void test_write_bit_of_selector_is_ignored(void)
{
    Machine m;
    char sig[4];

    machine_init(&m);
    select_key(FW_CFG_SIGNATURE | FW_CFG_WRITE_CHANNEL);
    read_bytes(sig, 4);
    g_assert_cmpmem(sig, 4, "QEMU", 4);
    machine_end(&m);
}

static void test_data_port_writes_do_nothing(void)
{
    Machine m;

    machine_init(&m);
    select_key(FW_CFG_SIGNATURE | FW_CFG_WRITE_CHANNEL);
    address_space_stb(&address_space_io, PORT_DATA, 'X', NULL);
    address_space_stb(&address_space_io, PORT_SELECT, 'X', NULL);
    g_assert_cmphex(read_byte(), ==, 'Q');
    machine_end(&m);
}

static void test_selector_port_reads_data(void)
{
    Machine m;

    machine_init(&m);
    g_assert_cmphex(address_space_ldub(&address_space_io, PORT_SELECT, NULL), ==, 'Q');
    g_assert_cmphex(read_byte(), ==, 'E');
    machine_end(&m);
}

static void test_directory_is_sorted(void)
{
    static const char *const names[] = {"etc/b", "bootorder", "genroms/x", "etc/a", "etc/bb"};
    Machine m;
    uint8_t head[4];
    char last[56] = "";

    machine_init(&m);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        fw_cfg_add_file(m.fw, names[i], names[i], strlen(names[i]));
    }
    select_key(FW_CFG_FILE_DIR);
    read_bytes(head, 4);
    g_assert_cmphex(head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3], ==, 5);
    for (unsigned i = 0; i < 5; i++) {
        uint8_t entry[64];

        read_bytes(entry, 64);
        g_assert_cmpint(strcmp((char *)entry + 8, last), >, 0);
        strcpy(last, (char *)entry + 8);
        g_assert_cmphex(entry[4] << 8 | entry[5], ==, 0x20 + i);
        g_assert_cmphex(entry[6] | entry[7], ==, 0);
        g_assert_cmphex(entry[3], ==, strlen(last));
    }
    g_assert_cmphex(read_byte(), ==, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        char text[16] = "";
        uint32_t size = 0;
        uint16_t key = file_key(names[i], &size);

        g_assert_cmpuint(size, ==, strlen(names[i]));
        select_key(key);
        read_bytes(text, size);
        g_assert_cmpstr(text, ==, names[i]);
    }
    machine_end(&m);
}

static void test_modify_changes_bytes_and_size(void)
{
    Machine m;
    uint32_t size;
    size_t len;

    machine_init(&m);
    fw_cfg_add_file(m.fw, "f", "one", 3);
    g_assert_cmphex(file_key("f", NULL), ==, 0x20);
    fw_cfg_modify_file(m.fw, "f", "three", 5);
    g_assert_cmphex(file_key("f", &size), ==, 0x20);
    g_assert_cmpuint(size, ==, 5);
    g_assert_cmpmem(fw_cfg_get_file(m.fw, "f", &len), 5, "three", 5);
    g_assert_cmpuint(len, ==, 5);
    g_assert_null(fw_cfg_get_file(m.fw, "g", &len));
    fw_cfg_modify_file(m.fw, "a", NULL, 0);
    g_assert_cmphex(file_key("f", NULL), ==, 0x21);
    g_assert_nonnull(fw_cfg_get_file(m.fw, "a", &len));
    machine_end(&m);
}

static void test_modify_while_selected(void)
{
    Machine m;

    machine_init(&m);
    fw_cfg_add_file(m.fw, "f", "0123456789", 10);
    select_key(0x20);
    for (int i = 0; i < 6; i++) {
        read_byte();
    }
    fw_cfg_modify_file(m.fw, "f", "ab", 2);
    g_assert_cmphex(read_byte(), ==, 0);
    machine_end(&m);
}

static void test_names_are_checked(void)
{
    Machine m;
    g_autofree char *longest = g_strnfill(55, 'x');
    g_autofree char *too_long = g_strnfill(56, 'x');
    g_autoptr(GError) err = NULL;

    machine_init(&m);
    g_assert_true(fw_cfg_check_file_name(m.fw, longest, &err));
    fw_cfg_add_file(m.fw, longest, "", 0);
    g_assert_cmphex(file_key(longest, NULL), ==, 0x20);
    g_assert_false(fw_cfg_check_file_name(m.fw, longest, &err));
    g_assert_nonnull(strstr(err->message, "duplicate"));
    g_clear_error(&err);
    g_assert_false(fw_cfg_check_file_name(m.fw, too_long, &err));
    g_clear_error(&err);
    g_assert_false(fw_cfg_check_file_name(m.fw, "", &err));
    g_clear_error(&err);
    for (int i = 1; i < FW_CFG_MAX_FILES; i++) {
        g_autofree char *name = g_strdup_printf("opt/%d", i);

        fw_cfg_add_file(m.fw, name, &i, sizeof(i));
    }
    g_assert_false(fw_cfg_check_file_name(m.fw, "one-more", &err));
    g_assert_cmphex(file_key("opt/1023", NULL), !=, 0);
    machine_end(&m);
}

static void test_dma_register_reads_signature(void)
{
    Machine m;
    uint8_t raw[8];

    machine_init(&m);
    address_space_read(&address_space_io, PORT_DMA_HIGH, raw, 8);
    g_assert_cmpmem(raw, 8, "QEMU CFG", 8);
    g_assert_cmphex(address_space_ldl_be(&address_space_io, PORT_DMA_LOW, NULL), ==, 0x20434647);
    g_assert_cmphex(address_space_ldub(&address_space_io, PORT_DMA_LOW + 3, NULL), ==, 'G');
    machine_end(&m);
}

static void test_dma_reads_in_pieces(void)
{
    Machine m;

    machine_init(&m);
    fw_cfg_add_file(m.fw, "f", "0123456789", 10);
    g_assert_cmphex(dma(0x20 << 16 | FW_CFG_DMA_CTL_SELECT | FW_CFG_DMA_CTL_READ, 4, BUFFER), ==,
                    0);
    g_assert_cmpmem(m.mem + BUFFER, 4, "0123", 4);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_SKIP, 2, 0), ==, 0);
    memset(m.mem + BUFFER, 0xee, 8);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_READ, 6, BUFFER), ==, 0);
    g_assert_cmpmem(m.mem + BUFFER, 8, "6789\0\0\xee\xee", 8); /* zeros past the end */
    g_assert_cmphex(dma(0x20 << 16 | FW_CFG_DMA_CTL_SELECT, 0, 0), ==, 0);
    g_assert_cmphex(read_byte(), ==, '0'); /* both ways share the offset */
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_READ, 1, BUFFER), ==, 0);
    g_assert_cmphex(m.mem[BUFFER], ==, '1');
    machine_end(&m);
}

static void test_dma_address_halves(void)
{
    Machine m;

    machine_init(&m);
    /* A high half sends it to nowhere; it does not stick to the next operation. */
    put_descriptor(FW_CFG_DMA_CTL_READ, 4, BUFFER);
    start(0x100000000ull + DESCRIPTOR);
    g_assert_cmphex(address_space_ldl_be(&address_space_memory, DESCRIPTOR, NULL), ==,
                    FW_CFG_DMA_CTL_READ);
    start(DESCRIPTOR);
    g_assert_cmphex(address_space_ldl_be(&address_space_memory, DESCRIPTOR, NULL), ==, 0);
    g_assert_cmpmem(m.mem + BUFFER, 4, "QEMU", 4);
    /* One 64-bit write does both. */
    memset(m.mem + BUFFER, 0, 4);
    put_descriptor(FW_CFG_DMA_CTL_SELECT | FW_CFG_DMA_CTL_READ, 4, BUFFER);
    address_space_stq_be(&address_space_io, PORT_DMA_HIGH, DESCRIPTOR, NULL);
    g_assert_cmpmem(m.mem + BUFFER, 4, "QEMU", 4);
    /* Narrow writes do nothing. */
    memset(m.mem + BUFFER, 0, 4);
    put_descriptor(FW_CFG_DMA_CTL_SELECT | FW_CFG_DMA_CTL_READ, 4, BUFFER);
    address_space_stw_be(&address_space_io, PORT_DMA_LOW + 2, DESCRIPTOR, NULL);
    address_space_stb(&address_space_io, PORT_DMA_LOW + 3, 0, NULL);
    g_assert_cmphex(m.mem[BUFFER], ==, 0);
    machine_end(&m);
}

static void test_dma_descriptor_in_nowhere(void)
{
    Machine m;

    machine_init(&m);
    start(NOWHERE);
    start(RAM_SIZE - 8); /* half of it */
    start(0xffffffffffffffffull);
    start(0xfffffffffffffff8ull);
    g_assert_cmphex(read_byte(), ==, 'Q');
    machine_end(&m);
}

static void test_dma_buffer_in_nowhere(void)
{
    Machine m;

    machine_init(&m);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_READ, 4, NOWHERE), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_READ, 0xffffffff, NOWHERE), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_READ, 0xffffffff, BUFFER), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_READ, 16, RAM_SIZE - 8), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_READ, 0, NOWHERE), ==, 0);
    machine_end(&m);
}

static void test_dma_skip_saturates(void)
{
    Machine m;

    machine_init(&m);
    for (int i = 0; i < 3; i++) {
        g_assert_cmphex(dma(FW_CFG_DMA_CTL_SKIP, 0xffffffff, 0), ==, 0);
        g_assert_cmphex(read_byte(), ==, 0);
    }
    machine_end(&m);
}

static void test_dma_without_an_operation(void)
{
    Machine m;

    machine_init(&m);
    g_assert_cmphex(dma(0, 4, BUFFER), ==, 0);
    g_assert_cmphex(dma(0xe0, 4, BUFFER), ==, 0);
    g_assert_cmphex(read_byte(), ==, 'Q');
    machine_end(&m);
}

static void test_dma_onto_itself(void)
{
    Machine m;

    machine_init(&m);
    /* Read has precedence over write and skip; a buffer that is the descriptor is no harm. */
    g_assert_cmphex(
        dma(FW_CFG_DMA_CTL_READ | FW_CFG_DMA_CTL_WRITE | FW_CFG_DMA_CTL_SKIP, 16, DESCRIPTOR), ==,
        0);
    /* A buffer over the device's own registers: memory that shows ports has no use, so map it. */
    memory_region_del_subregion(get_system_io(), fw_cfg_ports(m.fw));
    memory_region_add_subregion(get_system_memory(), 0x20000, fw_cfg_ports(m.fw));
    put_descriptor(FW_CFG_DMA_CTL_SELECT | FW_CFG_DMA_CTL_READ, 12, 0x20000);
    address_space_stl_be(&address_space_memory, 0x20008, DESCRIPTOR, NULL);
    g_assert_cmphex(address_space_ldl_be(&address_space_memory, DESCRIPTOR, NULL), ==,
                    FW_CFG_DMA_CTL_ERROR);
    g_assert_cmpuint(DEVICE(m.fw)->owner.reentries, >, 0);
    memory_region_del_subregion(get_system_memory(), fw_cfg_ports(m.fw));
    memory_region_add_subregion(get_system_io(), PORT_SELECT, fw_cfg_ports(m.fw));
    machine_end(&m);
}

static void note_select(void *opaque)
{
    Machine *m = opaque;

    m->selects++;
    fw_cfg_modify_file(m->fw, "live", "fresh", 5);
}

static void note_write(void *opaque, size_t offset, size_t len)
{
    Machine *m = opaque;

    m->written_at = offset;
    m->written = len;
}

static void test_select_callback(void)
{
    Machine m;
    char text[5];

    machine_init(&m);
    fw_cfg_add_file_callback(m.fw, "live", "stale", 5, false, note_select, NULL, &m);
    select_key(0x20);
    g_assert_cmpuint(m.selects, ==, 1);
    read_bytes(text, 5);
    g_assert_cmpmem(text, 5, "fresh", 5);
    dma(0x20 << 16 | FW_CFG_DMA_CTL_SELECT, 0, 0);
    g_assert_cmpuint(m.selects, ==, 2);
    select_key(0x21);
    g_assert_cmpuint(m.selects, ==, 2);
    machine_end(&m);
}

static void test_writable_file(void)
{
    Machine m;
    size_t len;

    machine_init(&m);
    fw_cfg_add_file_callback(m.fw, "etc/vmcoreinfo", "01234567", 8, true, NULL, note_write, &m);
    fw_cfg_add_file(m.fw, "etc/ro", "01234567", 8);
    memcpy(m.mem + BUFFER, "ABCDEFGH", 8);
    select_key(file_key("etc/vmcoreinfo", NULL));
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_SKIP, 6, 0), ==, 0);
    /* Past the end: nothing of it happens. */
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_WRITE, 3, BUFFER), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_WRITE, 0xffffffff, BUFFER), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_WRITE, 2, NOWHERE), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmpmem(fw_cfg_get_file(m.fw, "etc/vmcoreinfo", &len), 8, "01234567", 8);
    g_assert_cmpuint(m.written, ==, 0);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_WRITE, 2, BUFFER), ==, 0);
    g_assert_cmpmem(fw_cfg_get_file(m.fw, "etc/vmcoreinfo", &len), 8, "012345AB", 8);
    g_assert_cmpuint(m.written_at, ==, 6);
    g_assert_cmpuint(m.written, ==, 2);
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_WRITE, 1, BUFFER), ==, FW_CFG_DMA_CTL_ERROR);

    select_key(file_key("etc/ro", NULL));
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_WRITE, 2, BUFFER), ==, FW_CFG_DMA_CTL_ERROR);
    g_assert_cmpmem(fw_cfg_get_file(m.fw, "etc/ro", &len), 8, "01234567", 8);
    machine_end(&m);
}

static void test_reset_selects_signature(void)
{
    Machine m;

    machine_init(&m);
    select_key(FW_CFG_ID);
    address_space_stl_be(&address_space_io, PORT_DMA_HIGH, 1, NULL);
    device_reset(DEVICE(m.fw));
    g_assert_cmphex(read_byte(), ==, 'Q');
    g_assert_cmphex(dma(FW_CFG_DMA_CTL_READ, 1, BUFFER), ==, 0);
    g_assert_cmphex(m.mem[BUFFER], ==, 'E');
    machine_end(&m);
}

static void test_without_dma(void)
{
    Machine m;
    FwCfg *fw = (FwCfg *)device_new(&fw_cfg_io_class);

    machine_init(&m);
    device_set_bool(DEVICE(fw), "dma_enabled", false);
    device_realize_or_die(DEVICE(fw), NULL);
    memory_region_add_subregion(get_system_io(), 0x610, fw_cfg_ports(fw));
    address_space_stw_le(&address_space_io, 0x610, FW_CFG_ID, NULL);
    g_assert_cmphex(address_space_ldub(&address_space_io, 0x611, NULL), ==, 1);
    g_assert_cmphex(address_space_ldl_le(&address_space_io, 0x618, NULL), ==, 0xffffffff);
    memory_region_del_subregion(get_system_io(), fw_cfg_ports(fw));
    device_free(DEVICE(fw));
    machine_end(&m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fw_cfg/signature-and-id", test_signature_and_id);
    g_test_add_func("/fw_cfg/integers-are-little-endian", test_integers_are_little_endian);
    g_test_add_func("/fw_cfg/missing-keys-read-zero", test_missing_keys_read_zero);
    g_test_add_func("/fw_cfg/write-bit-of-selector-is-ignored",
                    test_write_bit_of_selector_is_ignored);
    g_test_add_func("/fw_cfg/data-port-writes-do-nothing", test_data_port_writes_do_nothing);
    g_test_add_func("/fw_cfg/selector-port-reads-data", test_selector_port_reads_data);
    g_test_add_func("/fw_cfg/directory-is-sorted", test_directory_is_sorted);
    g_test_add_func("/fw_cfg/modify-changes-bytes-and-size", test_modify_changes_bytes_and_size);
    g_test_add_func("/fw_cfg/modify-while-selected", test_modify_while_selected);
    g_test_add_func("/fw_cfg/names-are-checked", test_names_are_checked);
    g_test_add_func("/fw_cfg/dma/register-reads-signature", test_dma_register_reads_signature);
    g_test_add_func("/fw_cfg/dma/reads-in-pieces", test_dma_reads_in_pieces);
    g_test_add_func("/fw_cfg/dma/address-halves", test_dma_address_halves);
    g_test_add_func("/fw_cfg/dma/descriptor-in-nowhere", test_dma_descriptor_in_nowhere);
    g_test_add_func("/fw_cfg/dma/buffer-in-nowhere", test_dma_buffer_in_nowhere);
    g_test_add_func("/fw_cfg/dma/skip-saturates", test_dma_skip_saturates);
    g_test_add_func("/fw_cfg/dma/without-an-operation", test_dma_without_an_operation);
    g_test_add_func("/fw_cfg/dma/onto-itself", test_dma_onto_itself);
    g_test_add_func("/fw_cfg/select-callback", test_select_callback);
    g_test_add_func("/fw_cfg/writable-file", test_writable_file);
    g_test_add_func("/fw_cfg/reset-selects-signature", test_reset_selects_signature);
    g_test_add_func("/fw_cfg/without-dma", test_without_dma);
    return g_test_run();
}
