import {
  type ColumnDefinitionNode,
  DataTypeNode,
  GeneratedNode,
  type KyselyPlugin,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RootOperationNode,
  type UnknownRow,
} from 'kysely';

/** SQLite's words for types of columns, and PostgreSQL's: one list of migrations does for both. */
export class PostgresTypes implements KyselyPlugin {
  readonly #transformer = new TypeTransformer();

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    return this.#transformer.transformNode(node);
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}

class TypeTransformer extends OperationNodeTransformer {
  protected override transformColumnDefinition(node: ColumnDefinitionNode): ColumnDefinitionNode {
    const transformed = super.transformColumnDefinition(node);
    // SQLite numbers such rows by itself.
    const numbered =
      node.primaryKey === true && node.references === undefined && isType(node.dataType, 'integer');
    if (!numbered) return transformed;
    return {
      ...transformed,
      autoIncrement: false,
      generated: GeneratedNode.create({ identity: true, byDefault: true }),
    };
  }

  protected override transformDataType(node: DataTypeNode): DataTypeNode {
    // Times are milliseconds, sizes bytes: neither fits PostgreSQL's four-byte integer.
    if (isType(node, 'integer')) return DataTypeNode.create('bigint');
    return isType(node, 'blob') ? DataTypeNode.create('bytea') : node;
  }
}

function isType(node: ColumnDefinitionNode['dataType'], name: string): boolean {
  return DataTypeNode.is(node) && node.dataType === name;
}
