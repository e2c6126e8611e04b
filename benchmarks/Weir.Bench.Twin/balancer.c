// The twin of Balancer.cs, statement by statement, for clang -O2 -target bpf -mcpu=v3. Only instruction counts are compared.
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64; typedef int s32; typedef long long s64;
#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define swap16(x) __builtin_bswap16(x)

struct __sk_buff { u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority, ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end; };
struct tuple { u32 source, destination; u16 source_port, destination_port; u8 protocol, pad0; u16 pad1; };
struct service_key { u32 address; u16 port; u8 protocol, pad; };
struct service { u32 slot, count, first, flags; };
struct state { u64 next, connections, packets, bytes; };
struct server { u32 address; u16 port; u16 weight; u32 active, inactive; };
struct flow { u64 expires; u32 server; u32 client; u32 virtual_address; u32 server_address; u16 client_port, virtual_port, server_port; u8 state, reply; };

#define UINT(name, value) int (*name)[value]
struct { UINT(type, 1); struct service_key *key; struct service *value; UINT(max_entries, 1024); } services SEC(".maps");
struct { UINT(type, 2); u32 *key; struct state *value; UINT(max_entries, 1024); } states SEC(".maps");
struct { UINT(type, 2); u32 *key; struct server *value; UINT(max_entries, 4096); } servers SEC(".maps");
struct { UINT(type, 1); struct tuple *key; struct flow *value; UINT(max_entries, 65536); } flows SEC(".maps");

static void *(*const map_lookup)(void *, const void *) = (void *)1;
static long (*const map_update)(void *, const void *, const void *, u64) = (void *)2;
static u64 (*const ktime)(void) = (void *)5;
static long (*const l4_csum)(struct __sk_buff *, u32, u64, u64, u64) = (void *)11;
static long (*const pull)(struct __sk_buff *, u32) = (void *)39;

INLINE u32 fold(u64 sum) { sum = (sum & 0xffffffff) + (sum >> 32); sum = (sum & 0xffff) + (sum >> 16); sum = (sum & 0xffff) + (sum >> 16); sum = (sum & 0xffff) + (sum >> 16); return (u32)sum; }

INLINE int parse(struct __sk_buff *skb, struct tuple *t, u8 *flags) {
    u8 *data = (u8 *)(u64)skb->data, *end = (u8 *)(u64)skb->data_end;
    if (data + 34 > end) return 0;
    if (*(u16 *)(data + 12) != 0x0008) return 0;
    u8 *ip = data + 14;
    if (ip[0] != 0x45) return 0;
    if ((*(u16 *)(ip + 6) & 0xff3f) != 0) return 0;
    t->source = *(u32 *)(ip + 12);
    t->destination = *(u32 *)(ip + 16);
    t->protocol = ip[9];
    if (t->protocol == 6) {
        if (data + 54 > end) return 0;
        *flags = data[47];
    } else if (t->protocol == 17) {
        if (data + 42 > end) return 0;
        *flags = 0;
    } else return 0;
    t->source_port = *(u16 *)(data + 34);
    t->destination_port = *(u16 *)(data + 36);
    return 1;
}

INLINE u64 timeout(u8 protocol, u8 state) {
    if (protocol == 17) return 300000000000ULL;
    switch (state) { case 1: return 60000000000ULL; case 2: return 900000000000ULL; case 3: return 120000000000ULL; default: return 10000000000ULL; }
}

INLINE u8 advance(u8 state, u8 flags) {
    if (flags & 4) return 4;
    if (flags & 1) return 3;
    if (flags & 2) return 1;
    if ((flags & 16) && state == 1) return 2;
    return state;
}

INLINE int translate(struct __sk_buff *skb, u8 protocol, u32 address, u16 port, int source) {
    if (pull(skb, 54) != 0) return 0;
    u8 *data = (u8 *)(u64)skb->data, *end = (u8 *)(u64)skb->data_end;
    if (data + 42 > end) return 0;
    u8 *ip = data + 14;
    u32 old_address; u16 old_port;
    if (source) { old_address = *(u32 *)(ip + 12); *(u32 *)(ip + 12) = address; old_port = *(u16 *)(data + 34); *(u16 *)(data + 34) = port; }
    else { old_address = *(u32 *)(ip + 16); *(u32 *)(ip + 16) = address; old_port = *(u16 *)(data + 36); *(u16 *)(data + 36) = port; }
    u64 difference = (u64)~old_address + address;
    u64 sum = (u16)~*(u16 *)(ip + 10);
    sum += difference;
    *(u16 *)(ip + 10) = (u16)~fold(sum);
    difference = (difference & 0xffffffff) + (difference >> 32);
    difference = (difference & 0xffffffff) + (difference >> 32);
    u32 offset = protocol == 6 ? 50 : 40;
    u64 mangled = protocol == 6 ? 0 : 32;
    if (l4_csum(skb, offset, 0, difference, 16 | mangled) != 0) return 0;
    if (l4_csum(skb, offset, old_port, port, 2 | mangled) != 0) return 0;
    return 1;
}

SEC("tc/ingress") int ingress(struct __sk_buff *skb) {
    struct tuple t = {};
    u8 flags;
    if (!parse(skb, &t, &flags)) return -1;
    u64 now = ktime();
    struct flow *f = map_lookup(&flows, &t);
    if (f && f->expires > now && !((flags & 2) && f->state == 3)) {
        f->state = advance(f->state, flags);
        f->expires = now + timeout(t.protocol, f->state);
        if (f->reply) return translate(skb, t.protocol, f->virtual_address, f->virtual_port, 1) ? -1 : 2;
        return translate(skb, t.protocol, f->server_address, f->server_port, 0) ? -1 : 2;
    }
    struct service_key key = {};
    key.address = t.destination; key.port = t.destination_port; key.protocol = t.protocol;
    struct service *s = map_lookup(&services, &key);
    if (!s) return -1;
    u32 slot = s->slot;
    struct state *state = map_lookup(&states, &slot);
    if (!state) return 2;
    u32 count = s->count;
    if (count == 0) return 2;
    u64 next = __sync_fetch_and_add(&state->next, 1);
    u32 index = s->first + (u32)(next % count);
    struct server *server = map_lookup(&servers, &index);
    if (!server) return 2;
    __sync_fetch_and_add(&state->connections, 1);
    __sync_fetch_and_add(&state->packets, 1);
    __sync_fetch_and_add(&state->bytes, skb->len - 14);
    struct flow fresh = {};
    fresh.server = index;
    fresh.client = t.source; fresh.client_port = t.source_port;
    fresh.virtual_address = t.destination; fresh.virtual_port = t.destination_port;
    fresh.server_address = server->address; fresh.server_port = server->port;
    fresh.state = advance(0, flags);
    fresh.expires = now + timeout(t.protocol, fresh.state);
    if (map_update(&flows, &t, &fresh, 0) != 0) return 2;
    struct tuple reply = {};
    reply.source = server->address; reply.destination = t.source;
    reply.source_port = server->port; reply.destination_port = t.source_port;
    reply.protocol = t.protocol;
    fresh.reply = 1;
    if (map_update(&flows, &reply, &fresh, 0) != 0) return 2;
    return translate(skb, t.protocol, fresh.server_address, fresh.server_port, 0) ? -1 : 2;
}
char twin_license[] SEC("license") = "GPL";
