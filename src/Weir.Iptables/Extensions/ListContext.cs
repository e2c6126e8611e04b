using System.Text;
using Weir.Iptables.Names;
using Weir.Model.Rules;

namespace Weir.Iptables.Extensions;

/// <summary>Where a listing is written and how.</summary>
internal sealed record ListContext(StringBuilder Output, Rule Rule, bool Numeric, INames Names);
