using Weir.Bpf.Programs;
using Weir.DataPath.Flows;

namespace Weir.DataPath.Services;

/// <summary>Persistence (<c>-p</c>): a template remembers a client's server, and outlives the flows that were made from it (ip_vs_sched_persist).</summary>
public static unsafe class Persistence
{
    private const ulong ClockMonotonic = 1;

    /// <summary>A template whose time is up while flows of it live looks again after this long.</summary>
    private const ulong Later = 60 * Timeouts.Second;

    /// <summary>The server of the client: the remembered one while it is a server of the service, otherwise a new choice, which is remembered.</summary>
    /// <param name="service">The service.</param>
    /// <param name="tuple">The connection as the client sees it.</param>
    /// <param name="key">The service's key.</param>
    /// <returns>The server's slot, or 0 where none takes connections.</returns>
    [Subprogram(Global = true)]
    public static int Pick(Service* service, FlowTuple* tuple, ServiceKey* key)
    {
        if (service == null || tuple == null || key == null) return 0;
        TemplateKey name = default;
        name.Client = tuple->Source;
        Mask(&name.Client, service->PersistenceMaskBe);
        name.Mark = key->Mark;
        if (key->Mark == 0)
        {
            name.Virtual = tuple->Destination;
            name.VirtualPortBe = key->PortBe;
            name.Protocol = tuple->Protocol;
        }
        var now = Helpers.KtimeGetNs();
        var template = Maps.Templates.Lookup(&name);
        if (template != null)
        {
            var old = Maps.Servers.At(template->ServerSlot);
            if (old == null) return 0;
            var slot = template->ServerSlot;
            if ((old->Flags & (ServerFlags.Available | ServerFlags.Leaving)) != ServerFlags.Available)
            {
                slot = (uint)Schedulers.Pick(service, tuple);
                var chosen = Maps.Servers.At(slot);
                if (slot == 0 || chosen == null) return 0;
                Interlocked.Add(ref old->Persistent, -1);
                Interlocked.Add(ref chosen->Persistent, 1);
                template->ServerSlot = slot;
                template->Assured = 0;
            }
            Interlocked.Add(ref template->Flows, 1);
            template->TimeoutSeconds = service->PersistenceTimeout;
            template->Expires = now + service->PersistenceTimeout * Timeouts.Second;
            Helpers.TimerStart(&template->Timer, service->PersistenceTimeout * Timeouts.Second, 0);
            return (int)slot;
        }
        return Remember(service, tuple, &name, now);
    }

    /// <summary>What of a client's address counts, by <see cref="Service.PersistenceMaskBe"/>.</summary>
    internal static void Mask(IpAddress* client, uint maskBe)
    {
        if (IpAddress.IsIPv4(client))
        {
            client->Word3Be &= maskBe;
            return;
        }
        var length = Bits.Swap(maskBe);
        client->Word0Be &= MaskOf(length, 0);
        client->Word1Be &= MaskOf(length, 32);
        client->Word2Be &= MaskOf(length, 64);
        client->Word3Be &= MaskOf(length, 96);
    }

    /// <summary>The mask of a word that has so many bits before it.</summary>
    private static uint MaskOf(uint length, uint before)
    {
        if (length <= before) return 0;
        var bits = length - before;
        return bits >= 32 ? uint.MaxValue : Bits.Swap(uint.MaxValue << (int)(32 - bits));
    }

    /// <summary>One of the template's flows was established.</summary>
    internal static void Assure(FlowTuple* original, Flow* flow)
    {
        if ((flow->IpvsFlags & IpvsFlowFlags.Controlled) == 0) return;
        var template = Of(original, flow);
        if (template != null) template->Assured = 1;
    }

    /// <summary>One of the template's flows ended.</summary>
    internal static void Ended(FlowTuple* original, Flow* flow)
    {
        if ((flow->IpvsFlags & IpvsFlowFlags.Controlled) == 0) return;
        flow->IpvsFlags &= ~IpvsFlowFlags.Controlled;
        var template = Of(original, flow);
        if (template != null) Interlocked.Add(ref template->Flows, -1);
    }

    private static int Remember(Service* service, FlowTuple* tuple, TemplateKey* name, ulong now)
    {
        var slot = (uint)Schedulers.Pick(service, tuple);
        var server = Maps.Servers.At(slot);
        if (slot == 0 || server == null) return 0;
        Template value = default;
        value.ServiceSlot = service->Slot;
        value.ServerSlot = slot;
        value.TimeoutSeconds = service->PersistenceTimeout;
        value.Expires = now + service->PersistenceTimeout * Timeouts.Second;
        var isNew = Maps.Templates.Update(name, &value, UpdateMode.NoExist) == 0;
        // Where the table is full, this connection has its server all the same.
        var template = Maps.Templates.Lookup(name);
        if (template == null) return (int)slot;
        Interlocked.Add(ref template->Flows, 1);
        if (!isNew) return (int)template->ServerSlot;
        Interlocked.Add(ref server->Persistent, 1);
        Helpers.TimerInit(&template->Timer, Maps.Templates, ClockMonotonic);
        delegate*<HashMap<TemplateKey, Template>, TemplateKey*, Template*, int> callback = &Expire;
        Helpers.TimerSetCallback(&template->Timer, callback);
        Helpers.TimerStart(&template->Timer, service->PersistenceTimeout * Timeouts.Second, 0);
        return (int)slot;
    }

    private static int Expire(HashMap<TemplateKey, Template> map, TemplateKey* key, Template* template)
    {
        var now = Helpers.KtimeGetNs();
        if (template->Expires > now || template->Flows > 0)
        {
            if (template->Expires <= now) template->Expires = now + Later;
            Helpers.TimerStart(&template->Timer, template->Expires - now, 0);
            return 0;
        }
        var server = Maps.Servers.At(template->ServerSlot);
        if (server != null)
        {
            Interlocked.Add(ref server->Persistent, -1);
            ServerCounts.CheckLower(server);
        }
        Maps.Templates.Delete(key);
        return 0;
    }

    private static Template* Of(FlowTuple* original, Flow* flow)
    {
        TemplateKey name = default;
        name.Client = flow->TemplateClient;
        name.Mark = flow->TemplateMark;
        if (flow->TemplateMark == 0)
        {
            name.Virtual = flow->Virtual;
            name.VirtualPortBe = (flow->IpvsFlags & IpvsFlowFlags.TemplateAnyPort) != 0 ? (ushort)0 : flow->VirtualPortBe;
            name.Protocol = original->Protocol;
        }
        return Maps.Templates.Lookup(&name);
    }
}
