import type { Manifest } from '#kube/client.ts'

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }

/** A right of a role: a verb on a kind of object. `without` is the same role without this right. */
export type Right = { name: string; role: Manifest; without: Manifest }

/** Every right that roles grant. */
export const rightsOf = (roles: readonly Manifest[]): Right[] =>
  roles.flatMap((role) => {
    const rules = role['rules'] as Rule[]
    return rules.flatMap((rule, index) =>
      rule.resources.flatMap((resource) =>
        rule.verbs.map((verb): Right => ({
          name: `${verb} ${resource}${role.metadata?.namespace ? ` in ${role.metadata.namespace}` : ''}`,
          role,
          without: {
            ...role,
            rules: rules.flatMap((other, position) =>
              position === index
                ? [
                    { ...rule, resources: rule.resources.filter((kind) => kind !== resource) },
                    { ...rule, resources: [resource], verbs: rule.verbs.filter((kept) => kept !== verb) },
                  ].filter(({ resources, verbs }) => resources.length > 0 && verbs.length > 0)
                : [other],
            ),
          },
        })),
      ),
    )
  })
